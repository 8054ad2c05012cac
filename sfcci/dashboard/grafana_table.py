"""Grafana's classic dashboard as the types of grafana-foundation-sdk 1769699241 have it: keys and kinds of their values.

A line is a shape: NAME KEY:KIND, where a kind is string, integer, number, boolean, any, =TEXT (that text), another shape, [KIND] (a
list), {KIND} (a mapping of any names), or several with `|` between. A line with @NAME says which texts a kind may be. Options
and FieldConfig are named after the panel's type. Written by tests/dashboard/write_grafana_table.py.
"""

TABLE = """
Dashboard id:integer uid:string title:string description:string revision:integer gnetId:string tags:[string] timezone:string editable:boolean graphTooltip:integer time:DashboardDashboardTime timepicker:TimePickerConfig fiscalYearStartMonth:integer liveNow:boolean weekStart:string refresh:string schemaVersion:integer version:integer panels:[Panel|RowPanel] templating:DashboardDashboardTemplating annotations:AnnotationContainer links:[DashboardLink] snapshot:Snapshot preload:boolean
DashboardDashboardTime from:string to:string
TimePickerConfig hidden:boolean refresh_intervals:[string] quick_ranges:[TimeOption] nowDelay:string
TimeOption display:string from:string to:string
Panel type:string id:integer pluginVersion:string targets:[any] title:string description:string transparent:boolean datasource:DataSourceRef gridPos:GridPos links:[DashboardLink] repeat:string repeatDirection:=h|=v maxPerRow:number maxDataPoints:number transformations:[DataTransformerConfig] interval:string timeFrom:string timeShift:string hideTimeOverride:boolean libraryPanel:LibraryPanelRef cacheTimeout:string queryCachingTTL:number options:any fieldConfig:FieldConfigSource
DataSourceRef type:string uid:string
GridPos h:integer w:integer x:integer y:integer static:boolean
DashboardLink title:string type:DashboardLinkType icon:string tooltip:string url:string tags:[string] asDropdown:boolean targetBlank:boolean includeVars:boolean keepTime:boolean
@DashboardLinkType link dashboards
DataTransformerConfig id:string disabled:boolean filter:MatcherConfig topic:=series|=annotations|=alertStates options:any
MatcherConfig id:string options:any
LibraryPanelRef name:string uid:string
FieldConfigSource defaults:FieldConfig overrides:[DashboardFieldConfigSourceOverrides]
FieldConfig displayName:string displayNameFromDS:string description:string path:string writeable:boolean filterable:boolean unit:string decimals:number min:number max:number mappings:[ValueMap|RangeMap|RegexMap|SpecialValueMap] thresholds:ThresholdsConfig color:FieldColor links:[DashboardLink] noValue:string custom:any
ValueMap type:=value options:{ValueMappingResult}
ValueMappingResult text:string color:string icon:string index:integer
RangeMap type:=range options:DashboardRangeMapOptions
DashboardRangeMapOptions from:number to:number result:ValueMappingResult
RegexMap type:=regex options:DashboardRegexMapOptions
DashboardRegexMapOptions pattern:string result:ValueMappingResult
SpecialValueMap type:=special options:DashboardSpecialValueMapOptions
DashboardSpecialValueMapOptions match:SpecialValueMatch result:ValueMappingResult
@SpecialValueMatch true false null nan null+nan empty
ThresholdsConfig mode:ThresholdsMode steps:[Threshold]
@ThresholdsMode absolute percentage
Threshold value:number color:string
FieldColor mode:FieldColorModeId fixedColor:string seriesBy:FieldColorSeriesByMode
@FieldColorModeId thresholds palette-classic palette-classic-by-name continuous-GrYlRd continuous-RdYlGr continuous-BlYlRd continuous-YlRd continuous-BlPu continuous-YlBl continuous-blues continuous-reds continuous-greens continuous-purples fixed shades
@FieldColorSeriesByMode min max last
DashboardFieldConfigSourceOverrides matcher:MatcherConfig properties:[DynamicConfigValue]
DynamicConfigValue id:string value:any
RowPanel type:=row collapsed:boolean title:string datasource:DataSourceRef gridPos:GridPos id:integer panels:[Panel] repeat:string
DashboardDashboardTemplating list:[VariableModel]
VariableModel type:VariableType name:string label:string hide:integer skipUrlSync:boolean description:string query:string|{any} datasource:DataSourceRef current:VariableOption multi:boolean allowCustomValue:boolean options:[VariableOption] refresh:integer sort:integer includeAll:boolean allValue:string regex:string auto:boolean auto_min:string auto_count:integer
@VariableType query adhoc groupby constant datasource interval textbox custom system snapshot
VariableOption selected:boolean text:string|[string] value:string|[string]
AnnotationContainer list:[AnnotationQuery]
AnnotationQuery name:string datasource:DataSourceRef enable:boolean hide:boolean iconColor:string filter:AnnotationPanelFilter target:AnnotationTarget type:string builtIn:number expr:string
AnnotationPanelFilter exclude:boolean ids:[integer]
AnnotationTarget limit:integer matchAny:boolean tags:[string] type:string
Snapshot created:string expires:string external:boolean externalUrl:string originalUrl:string id:integer key:string name:string orgId:integer updated:string url:string userId:integer dashboard:Dashboard
annolist.Options onlyFromThisDashboard:boolean onlyInTimeRange:boolean tags:[string] limit:integer showUser:boolean showTime:boolean showTags:boolean navigateToPanel:boolean navigateBefore:string navigateAfter:string
barchart.Options xField:string colorByField:string orientation:VizOrientation barRadius:number xTickLabelRotation:integer xTickLabelMaxLength:integer xTickLabelSpacing:integer stacking:StackingMode showValue:VisibilityMode barWidth:number groupWidth:number legend:VizLegendOptions tooltip:VizTooltipOptions text:VizTextDisplayOptions fullHighlight:boolean
@VizOrientation auto vertical horizontal
@StackingMode none normal percent
@VisibilityMode auto never always
VizLegendOptions displayMode:LegendDisplayMode placement:LegendPlacement showLegend:boolean asTable:boolean isVisible:boolean sortBy:string sortDesc:boolean width:number calcs:[string]
@LegendDisplayMode list table hidden
@LegendPlacement bottom right
VizTooltipOptions mode:TooltipDisplayMode sort:SortOrder maxWidth:number maxHeight:number hideZeros:boolean
@TooltipDisplayMode single multi none
@SortOrder asc desc none
VizTextDisplayOptions titleSize:number valueSize:number percentSize:number
barchart.FieldConfig lineWidth:integer fillOpacity:integer gradientMode:GraphGradientMode axisPlacement:AxisPlacement axisColorMode:AxisColorMode axisLabel:string axisWidth:number axisSoftMin:number axisSoftMax:number axisGridShow:boolean scaleDistribution:ScaleDistributionConfig axisCenteredZero:boolean hideFrom:HideSeriesConfig thresholdsStyle:GraphThresholdsStyleConfig axisBorderShow:boolean
@GraphGradientMode none opacity hue scheme
@AxisPlacement auto top right bottom left hidden
@AxisColorMode text series
ScaleDistributionConfig type:ScaleDistribution log:number linearThreshold:number
@ScaleDistribution linear log ordinal symlog
HideSeriesConfig tooltip:boolean legend:boolean viz:boolean
GraphThresholdsStyleConfig mode:GraphThresholdsStyleMode
@GraphThresholdsStyleMode off line dashed area line+area dashed+area series
bargauge.Options displayMode:BarGaugeDisplayMode valueMode:BarGaugeValueMode namePlacement:BarGaugeNamePlacement showUnfilled:boolean sizing:BarGaugeSizing minVizWidth:integer minVizHeight:integer legend:VizLegendOptions reduceOptions:ReduceDataOptions text:VizTextDisplayOptions maxVizHeight:integer orientation:VizOrientation
@BarGaugeDisplayMode basic lcd gradient
@BarGaugeValueMode color text hidden
@BarGaugeNamePlacement auto top left hidden
@BarGaugeSizing auto manual
ReduceDataOptions values:boolean limit:number calcs:[string] fields:string
dashlist.Options keepTime:boolean includeVars:boolean showStarred:boolean showRecentlyViewed:boolean showSearch:boolean showHeadings:boolean showFolderNames:boolean maxItems:integer query:string tags:[string] folderId:integer folderUID:string
gauge.Options showThresholdLabels:boolean showThresholdMarkers:boolean sizing:BarGaugeSizing minVizWidth:integer reduceOptions:ReduceDataOptions text:VizTextDisplayOptions minVizHeight:integer orientation:VizOrientation
heatmap.Options calculate:boolean calculation:HeatmapCalculationOptions color:HeatmapColorOptions filterValues:FilterValueRange rowsFrame:RowsHeatmapOptions showValue:VisibilityMode cellGap:integer cellRadius:number cellValues:CellValues yAxis:YAxisConfig legend:HeatmapLegend tooltip:HeatmapTooltip exemplars:ExemplarConfig selectionMode:HeatmapSelectionMode
HeatmapCalculationOptions xBuckets:HeatmapCalculationBucketConfig yBuckets:HeatmapCalculationBucketConfig
HeatmapCalculationBucketConfig mode:HeatmapCalculationMode value:string scale:ScaleDistributionConfig
@HeatmapCalculationMode size count
HeatmapColorOptions mode:HeatmapColorMode scheme:string fill:string scale:HeatmapColorScale exponent:number steps:integer reverse:boolean min:number max:number
@HeatmapColorMode opacity scheme
@HeatmapColorScale linear exponential
FilterValueRange le:number ge:number
RowsHeatmapOptions value:string layout:HeatmapCellLayout
@HeatmapCellLayout le ge unknown auto
CellValues unit:string decimals:number
YAxisConfig unit:string reverse:boolean decimals:number min:number axisPlacement:AxisPlacement axisColorMode:AxisColorMode axisLabel:string axisWidth:number axisSoftMin:number axisSoftMax:number axisGridShow:boolean scaleDistribution:ScaleDistributionConfig axisCenteredZero:boolean max:number axisBorderShow:boolean
HeatmapLegend show:boolean
HeatmapTooltip mode:TooltipDisplayMode maxHeight:number maxWidth:number yHistogram:boolean showColorScale:boolean
ExemplarConfig color:string
@HeatmapSelectionMode x y xy
heatmap.FieldConfig scaleDistribution:ScaleDistributionConfig hideFrom:HideSeriesConfig
histogram.Options bucketCount:integer bucketSize:integer bucketOffset:number legend:VizLegendOptions tooltip:VizTooltipOptions combine:boolean
histogram.FieldConfig lineWidth:integer fillOpacity:integer axisPlacement:AxisPlacement axisColorMode:AxisColorMode axisLabel:string axisWidth:number axisSoftMin:number axisSoftMax:number axisGridShow:boolean scaleDistribution:ScaleDistributionConfig axisCenteredZero:boolean hideFrom:HideSeriesConfig stacking:StackingConfig gradientMode:GraphGradientMode axisBorderShow:boolean
StackingConfig mode:StackingMode group:string
logs.Options showLabels:boolean showCommonLabels:boolean showTime:boolean showLogContextToggle:boolean showControls:boolean controlsStorageKey:string wrapLogMessage:boolean prettifyLogMessage:boolean enableLogDetails:boolean sortOrder:LogsSortOrder dedupStrategy:LogsDedupStrategy enableInfiniteScrolling:boolean onClickFilterLabel:any onClickFilterOutLabel:any isFilterLabelActive:any onClickFilterString:any onClickFilterOutString:any onClickShowField:any onClickHideField:any onLogOptionsChange:any logRowMenuIconsBefore:any logRowMenuIconsAfter:any onNewLogsReceived:any displayedFields:[string]
@LogsSortOrder Descending Ascending
@LogsDedupStrategy none exact numbers signature
news.Options feedUrl:string showImage:boolean
piechart.Options pieType:PieChartType displayLabels:[PieChartLabels] tooltip:VizTooltipOptions reduceOptions:ReduceDataOptions text:VizTextDisplayOptions legend:PieChartLegendOptions orientation:VizOrientation
@PieChartType pie donut
@PieChartLabels name value percent
PieChartLegendOptions values:[PieChartLegendValues] displayMode:LegendDisplayMode placement:LegendPlacement showLegend:boolean asTable:boolean isVisible:boolean sortBy:string sortDesc:boolean width:number calcs:[string]
@PieChartLegendValues value percent
piechart.FieldConfig hideFrom:HideSeriesConfig
stat.Options graphMode:BigValueGraphMode colorMode:BigValueColorMode justifyMode:BigValueJustifyMode textMode:BigValueTextMode wideLayout:boolean showPercentChange:boolean reduceOptions:ReduceDataOptions text:VizTextDisplayOptions percentChangeColorMode:PercentChangeColorMode orientation:VizOrientation
@BigValueGraphMode none line area
@BigValueColorMode value background background_solid none
@BigValueJustifyMode auto center
@BigValueTextMode auto value value_and_name name none
@PercentChangeColorMode standard inverted same_as_value
state-timeline.Options showValue:VisibilityMode rowHeight:number mergeValues:boolean alignValue:TimelineValueAlignment legend:VizLegendOptions tooltip:VizTooltipOptions timezone:[string] perPage:number
@TimelineValueAlignment center left right
state-timeline.FieldConfig lineWidth:integer axisPlacement:AxisPlacement axisColorMode:AxisColorMode axisLabel:string axisWidth:number axisSoftMin:number axisSoftMax:number axisGridShow:boolean scaleDistribution:ScaleDistributionConfig axisCenteredZero:boolean hideFrom:HideSeriesConfig fillOpacity:integer axisBorderShow:boolean
status-history.Options rowHeight:number showValue:VisibilityMode colWidth:number legend:VizLegendOptions tooltip:VizTooltipOptions timezone:[string] perPage:number
status-history.FieldConfig lineWidth:integer axisPlacement:AxisPlacement axisColorMode:AxisColorMode axisLabel:string axisWidth:number axisSoftMin:number axisSoftMax:number axisGridShow:boolean scaleDistribution:ScaleDistributionConfig axisCenteredZero:boolean hideFrom:HideSeriesConfig fillOpacity:integer axisBorderShow:boolean
table.Options frameIndex:number showHeader:boolean showTypeIcons:boolean sortBy:[TableSortByFieldState] footer:TableFooterOptions cellHeight:TableCellHeight
TableSortByFieldState displayName:string desc:boolean
TableFooterOptions show:boolean reducer:[string] fields:[string] enablePagination:boolean countRows:boolean
@TableCellHeight sm md lg auto
table.FieldConfig width:number minWidth:number align:FieldTextAlignment displayMode:TableCellDisplayMode cellOptions:TableAutoCellOptions|TableSparklineCellOptions|TableBarGaugeCellOptions|TableColoredBackgroundCellOptions|TableColorTextCellOptions|TableImageCellOptions|TableDataLinksCellOptions|TableActionsCellOptions|TableJsonViewCellOptions hidden:boolean inspect:boolean filterable:boolean hideHeader:boolean
@FieldTextAlignment auto left right center
@TableCellDisplayMode auto color-text color-background color-background-solid gradient-gauge lcd-gauge json-view basic image gauge sparkline data-links custom actions
TableAutoCellOptions type:=auto wrapText:boolean
TableSparklineCellOptions type:=sparkline drawStyle:GraphDrawStyle gradientMode:GraphGradientMode thresholdsStyle:GraphThresholdsStyleConfig transform:GraphTransform lineColor:string lineWidth:number lineInterpolation:LineInterpolation lineStyle:LineStyle fillColor:string fillOpacity:number showPoints:VisibilityMode pointSize:number pointColor:string axisPlacement:AxisPlacement axisColorMode:AxisColorMode axisLabel:string axisWidth:number axisSoftMin:number axisSoftMax:number axisGridShow:boolean scaleDistribution:ScaleDistributionConfig axisCenteredZero:boolean barAlignment:integer barWidthFactor:number stacking:StackingConfig hideFrom:HideSeriesConfig hideValue:boolean insertNulls:boolean|number spanNulls:boolean|number fillBelowTo:string pointSymbol:string axisBorderShow:boolean barMaxWidth:number
@GraphDrawStyle line bars points
@GraphTransform constant negative-Y
@LineInterpolation linear smooth stepBefore stepAfter
LineStyle fill:=solid|=dash|=dot|=square dash:[number]
TableBarGaugeCellOptions type:=gauge mode:BarGaugeDisplayMode valueDisplayMode:BarGaugeValueMode
TableColoredBackgroundCellOptions type:=color-background mode:TableCellBackgroundDisplayMode applyToRow:boolean wrapText:boolean
@TableCellBackgroundDisplayMode basic gradient
TableColorTextCellOptions type:=color-text wrapText:boolean
TableImageCellOptions type:=image alt:string title:string
TableDataLinksCellOptions type:=data-links
TableActionsCellOptions type:=actions
TableJsonViewCellOptions type:=json-view
text.Options mode:TextMode code:CodeOptions content:string
@TextMode html markdown code
CodeOptions language:CodeLanguage showLineNumbers:boolean showMiniMap:boolean
@CodeLanguage json yaml xml typescript sql go markdown html plaintext
timeseries.Options timezone:[string] legend:VizLegendOptions tooltip:VizTooltipOptions orientation:VizOrientation
timeseries.FieldConfig drawStyle:GraphDrawStyle gradientMode:GraphGradientMode thresholdsStyle:GraphThresholdsStyleConfig transform:GraphTransform lineColor:string lineWidth:number lineInterpolation:LineInterpolation lineStyle:LineStyle fillColor:string fillOpacity:number showPoints:VisibilityMode pointSize:number pointColor:string axisPlacement:AxisPlacement axisColorMode:AxisColorMode axisLabel:string axisWidth:number axisSoftMin:number axisSoftMax:number axisGridShow:boolean scaleDistribution:ScaleDistributionConfig axisCenteredZero:boolean barAlignment:integer barWidthFactor:number stacking:StackingConfig hideFrom:HideSeriesConfig insertNulls:boolean|number spanNulls:boolean|number fillBelowTo:string pointSymbol:string axisBorderShow:boolean barMaxWidth:number
"""
