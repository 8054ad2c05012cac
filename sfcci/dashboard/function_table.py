"""Graphite's functions as graphite-web 1.1.10 describes them (`/functions`): names, parameters, kinds.

A line is a function: NAME PARAMETER:KIND, with `?` when it may be left out, `*` when it takes all that is left, and what it
may be after `=`. A line with @KIND says what a kind may be. Written by tests/dashboard/write_function_table.py.
"""

TABLE = """
@aggFunc average avg avg_zero count current diff last max median min multiply range rangeOf stddev sum total
@aggOrSeriesFunc asPercent average averageSeries averageSeriesWithWildcards avg avg_zero count countSeries current diff diffSeries diffSeriesLists last max maxSeries median min minSeries multiply multiplySeries multiplySeriesLists multiplySeriesWithWildcards pct powSeries range rangeOf rangeOfSeries stddev stddevSeries sum sumSeries sumSeriesLists sumSeriesWithWildcards total
absolute seriesList:seriesList
add seriesList:seriesList constant:float
aggregate seriesList:seriesList func:aggFunc xFilesFactor:float?
aggregateLine seriesList:seriesList func:aggFunc? keepStep:boolean?
aggregateSeriesLists seriesListFirstPos:seriesList seriesListSecondPos:seriesList func:aggFunc xFilesFactor:float?
aggregateWithWildcards seriesList:seriesList func:aggFunc position:node?*
alias seriesList:seriesList newName:string
aliasByMetric seriesList:seriesList
aliasByNode seriesList:seriesList nodes:nodeOrTag*
aliasByTags seriesList:seriesList tags:nodeOrTag*
aliasQuery seriesList:seriesList search:string replace:string newName:string
aliasSub seriesList:seriesList search:string replace:string
alpha seriesList:seriesList alpha:float
applyByNode seriesList:seriesList nodeNum:node templateFunction:string newName:string?
areaBetween seriesList:seriesList
asPercent seriesList:seriesList total:any? nodes:nodeOrTag?*
averageAbove seriesList:seriesList n:float
averageBelow seriesList:seriesList n:float
averageOutsidePercentile seriesList:seriesList n:float
averageSeries seriesLists:seriesList*
averageSeriesWithWildcards seriesList:seriesList position:node?*
avg seriesLists:seriesList*
cactiStyle seriesList:seriesList system:string?=binary|si units:string?
changed seriesList:seriesList
color seriesList:seriesList theColor:string
compressPeriodicGaps seriesList:seriesList
consolidateBy seriesList:seriesList consolidationFunc:string=average|avg|avg_zero|first|last|max|min|sum
constantLine value:float
countSeries seriesLists:seriesList?*
cumulative seriesList:seriesList
currentAbove seriesList:seriesList n:float
currentBelow seriesList:seriesList n:float
dashed seriesList:seriesList dashLength:integer?
delay seriesList:seriesList steps:integer
derivative seriesList:seriesList
diffSeries seriesLists:seriesList*
diffSeriesLists seriesListFirstPos:seriesList seriesListSecondPos:seriesList
divideSeries dividendSeriesList:seriesList divisorSeries:seriesList
divideSeriesLists dividendSeriesList:seriesList divisorSeriesList:seriesList
drawAsInfinite seriesList:seriesList
events tags:string*
exclude seriesList:seriesList pattern:string
exp seriesList:seriesList
exponentialMovingAverage seriesList:seriesList windowSize:intOrInterval
fallbackSeries seriesList:seriesList fallback:seriesList
filterSeries seriesList:seriesList func:aggFunc operator:string=!=|<|<=|=|>|>= threshold:float
grep seriesList:seriesList pattern:string
group seriesLists:seriesList?*
groupByNode seriesList:seriesList nodeNum:nodeOrTag callback:aggOrSeriesFunc?
groupByNodes seriesList:seriesList callback:aggOrSeriesFunc nodes:nodeOrTag?*
groupByTags seriesList:seriesList callback:aggOrSeriesFunc tags:tag*
highest seriesList:seriesList n:integer func:aggFunc?
highestAverage seriesList:seriesList n:integer
highestCurrent seriesList:seriesList n:integer
highestMax seriesList:seriesList n:integer
hitcount seriesList:seriesList intervalString:interval alignToInterval:boolean?
holtWintersAberration seriesList:seriesList delta:integer? bootstrapInterval:interval? seasonality:interval?
holtWintersConfidenceArea seriesList:seriesList delta:integer? bootstrapInterval:interval? seasonality:interval?
holtWintersConfidenceBands seriesList:seriesList delta:integer? bootstrapInterval:interval? seasonality:interval?
holtWintersForecast seriesList:seriesList bootstrapInterval:interval? seasonality:interval?
identity name:string
integral seriesList:seriesList
integralByInterval seriesList:seriesList intervalUnit:string
interpolate seriesList:seriesList limit:intOrInf?
invert seriesList:seriesList
isNonNull seriesList:seriesList
keepLastValue seriesList:seriesList limit:intOrInf?
legendValue seriesList:seriesList valuesTypes:string?*=average|averageSeries|avg|avgSeries|avg_zero|avg_zeroSeries|binary|count|countSeries|current|currentSeries|diff|diffSeries|last|lastSeries|max|maxSeries|median|medianSeries|min|minSeries|multiply|multiplySeries|range|rangeOf|rangeOfSeries|rangeSeries|si|stddev|stddevSeries|sum|sumSeries|total|totalSeries
limit seriesList:seriesList n:integer
lineWidth seriesList:seriesList width:float
linearRegression seriesList:seriesList startSourceAt:date? endSourceAt:date?
log seriesList:seriesList base:integer?
logit seriesList:seriesList
lower seriesList:seriesList pos:integer?*
lowest seriesList:seriesList n:integer func:aggFunc?
lowestAverage seriesList:seriesList n:integer
lowestCurrent seriesList:seriesList n:integer
map seriesList:seriesList mapNodes:nodeOrTag*
mapSeries seriesList:seriesList mapNodes:nodeOrTag*
maxSeries seriesLists:seriesList*
maximumAbove seriesList:seriesList n:float
maximumBelow seriesList:seriesList n:float
minMax seriesList:seriesList
minSeries seriesLists:seriesList*
minimumAbove seriesList:seriesList n:float
minimumBelow seriesList:seriesList n:float
mostDeviant seriesList:seriesList n:integer
movingAverage seriesList:seriesList windowSize:intOrInterval xFilesFactor:float?
movingMax seriesList:seriesList windowSize:intOrInterval xFilesFactor:float?
movingMedian seriesList:seriesList windowSize:intOrInterval xFilesFactor:float?
movingMin seriesList:seriesList windowSize:intOrInterval xFilesFactor:float?
movingSum seriesList:seriesList windowSize:intOrInterval xFilesFactor:float?
movingWindow seriesList:seriesList windowSize:intOrInterval func:aggFunc? xFilesFactor:float?
multiplySeries seriesLists:seriesList*
multiplySeriesLists seriesListFirstPos:seriesList seriesListSecondPos:seriesList
multiplySeriesWithWildcards seriesList:seriesList position:node?*
nPercentile seriesList:seriesList n:float
nonNegativeDerivative seriesList:seriesList maxValue:float? minValue:float?
offset seriesList:seriesList factor:float
offsetToZero seriesList:seriesList
pct seriesList:seriesList total:any? nodes:nodeOrTag?*
perSecond seriesList:seriesList maxValue:float? minValue:float?
percentileOfSeries seriesList:seriesList n:float interpolate:boolean?
pow seriesList:seriesList factor:float
powSeries seriesList:seriesList*
randomWalk name:string step:integer?
randomWalkFunction name:string step:integer?
rangeOfSeries seriesLists:seriesList*
reduce seriesLists:seriesLists reduceFunction:string reduceNode:node reduceMatchers:string*
reduceSeries seriesLists:seriesLists reduceFunction:string reduceNode:node reduceMatchers:string*
removeAbovePercentile seriesList:seriesList n:float
removeAboveValue seriesList:seriesList n:float
removeBelowPercentile seriesList:seriesList n:float
removeBelowValue seriesList:seriesList n:float
removeBetweenPercentile seriesList:seriesList n:float
removeEmptySeries seriesList:seriesList xFilesFactor:float?
round seriesList:seriesList precision:integer?
scale seriesList:seriesList factor:float
scaleToSeconds seriesList:seriesList seconds:float
secondYAxis seriesList:seriesList
seriesByTag tagExpressions:string*
setXFilesFactor seriesList:seriesList xFilesFactor:float
sigmoid seriesList:seriesList
sin name:string amplitude:integer? step:integer?
sinFunction name:string amplitude:integer? step:integer?
smartSummarize seriesList:seriesList intervalString:interval func:aggFunc? alignTo:string?=False|None|True|days|hours|minutes|months|seconds|weeks|years
sortBy seriesList:seriesList func:aggFunc? reverse:boolean?
sortByMaxima seriesList:seriesList
sortByMinima seriesList:seriesList
sortByName seriesList:seriesList natural:boolean? reverse:boolean?
sortByTotal seriesList:seriesList
squareRoot seriesList:seriesList
stacked seriesList:seriesList stack:string?
stddevSeries seriesLists:seriesList*
stdev seriesList:seriesList points:integer windowTolerance:float?
substr seriesList:seriesList start:node? stop:node?
sum seriesLists:seriesList*
sumSeries seriesLists:seriesList*
sumSeriesLists seriesListFirstPos:seriesList seriesListSecondPos:seriesList
sumSeriesWithWildcards seriesList:seriesList position:node?*
summarize seriesList:seriesList intervalString:interval func:aggFunc? alignToFrom:boolean?
threshold value:float label:string? color:string?
time name:string step:integer?
timeFunction name:string step:integer?
timeShift seriesList:seriesList timeShift:interval resetEnd:boolean? alignDst:boolean?
timeSlice seriesList:seriesList startSliceAt:date endSliceAt:date?
timeStack seriesList:seriesList timeShiftUnit:interval? timeShiftStart:integer? timeShiftEnd:integer?
transformNull seriesList:seriesList default:float? referenceSeries:seriesList?
unique seriesLists:seriesList*
upper seriesList:seriesList pos:integer?*
useSeriesAbove seriesList:seriesList value:float search:string replace:string
verticalLine ts:date label:string? color:string?
weightedAverage seriesListAvg:seriesList seriesListWeight:seriesList nodes:nodeOrTag?*
xFilesFactor seriesList:seriesList xFilesFactor:float
"""
