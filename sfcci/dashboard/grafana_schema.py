"""What Grafana's published schema says of a dashboard in its JSON: other kinds of values, misspelt keys and words.

The shapes are those of `grafana_table`, widened by what Grafana's own exports hold besides: what older versions wrote, what
the removed panels had, what Graphite's targets have (from Grafana's documented JSON model, from version 5 on). Only what is surely
wrong is said: plugins have keys of their own, so an unknown key counts only when it is all but spelled as a known one.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from sfcci.dashboard.grafana_table import TABLE
from sfcci.dashboard.structure_check import Keys, shown
from sfcci.document import TYPE_NAMES

NEAR = 0.8
OLDER = """
Dashboard style:string refresh:boolean gnetId:integer rows:[any] hideControls:boolean sharedCrosshair:boolean
Dashboard iteration:integer originalTitle:string __inputs:[any] __requires:[any] __elements:any
TimePickerConfig collapse:boolean enable:boolean notice:boolean now:boolean status:string type:string time_options:[string]
Panel datasource:string maxDataPoints:string collapsed:boolean panels:[any] alert:any editable:boolean
Panel error:boolean span:number height:number|string minSpan:number renderer:string scopedVars:any repeatPanelId:integer
Panel repeatIteration:integer repeatedByRow:boolean isNew:boolean timeCompare:string
DataSourceRef name:string apiVersion:string
DataQuery refId:string hide:boolean queryType:string datasource:DataSourceRef|string target:string targetFull:string
DataQuery textEditor:boolean refCount:integer fromAnnotations:boolean tags:[string] key:string
DashboardLink dashboard:string dashUri:string params:string oneClick:boolean internal:any origin:string placement:string
LibraryPanelRef model:any version:integer type:string meta:any description:string
FieldConfig title:string nullValueMode:string unitScale:boolean fieldMinMax:boolean actions:[any]
@FieldColorModeId palette-saturated continuous-viridis continuous-magma continuous-plasma continuous-inferno continuous-cividis
DashboardFieldConfigSourceOverrides __systemRef:string
VariableModel id:string datasource:string current:any refresh:boolean hideLabel:boolean definition:string tags:[any] filters:[any]
VariableModel useTags:boolean tagsQuery:string tagValuesQuery:string allFormat:string multiFormat:string queryValue:string
VariableModel baseFilters:[any] defaultKeys:[any] rootStateKey:string global:boolean index:integer state:string error:any
VariableModel options:[string] datasourceType:string
VariableOption isNone:boolean tags:[any] text:number value:number
AnnotationQuery datasource:string builtIn:boolean showIn:number mappings:any rawQuery:string limit:number matchAny:boolean
AnnotationQuery tags:[string]|string titleFormat:string textFormat:string tagKeys:string query:string useValueForTime:boolean
AnnotationTarget target:string queryType:string refId:string datasource:DataSourceRef|string fromAnnotations:boolean
Threshold index:integer state:string
graph.Panel aliasColors:any bars:boolean dashLength:number dashes:boolean decimals:number fill:number fillGradient:number grid:any
graph.Panel hiddenSeries:boolean legend:graph.Legend lines:boolean linewidth:number nullPointMode:string percentage:boolean
graph.Panel pointradius:number points:boolean seriesOverrides:[any] spaceLength:number stack:boolean steppedLine:boolean
graph.Panel thresholds:[any] timeRegions:[any] tooltip:graph.Tooltip xaxis:graph.XAxis yaxes:[graph.YAxis] yaxis:any
graph.Panel leftYAxisLabel:string rightYAxisLabel:string y_formats:[string] x-axis:boolean y-axis:boolean
graph.Legend show:boolean avg:boolean current:boolean max:boolean min:boolean total:boolean values:boolean alignAsTable:boolean
graph.Legend rightSide:boolean hideEmpty:boolean hideZero:boolean sideWidth:number sort:string sortDesc:boolean
graph.Tooltip shared:boolean sort:integer value_type:string msResolution:boolean query_as_alias:boolean
graph.XAxis show:boolean mode:string name:string values:[string] buckets:number format:string
graph.YAxis show:boolean format:string label:string logBase:number max:number|string min:number|string decimals:number
singlestat.Panel colorBackground:boolean colorPostfix:boolean colorPrefix:boolean colorValue:boolean colors:[string]
singlestat.Panel decimals:number format:string gauge:singlestat.Gauge mappingType:number mappingTypes:[any] nullPointMode:string
singlestat.Panel nullText:string postfix:string postfixFontSize:string prefix:string prefixFontSize:string rangeMaps:[any]
singlestat.Panel sparkline:singlestat.Sparkline tableColumn:string thresholds:string valueFontSize:string valueMaps:[any]
singlestat.Panel valueName:ValueName
@ValueName min max avg current total name first delta diff range last_time
singlestat.Gauge show:boolean minValue:number maxValue:number thresholdLabels:boolean thresholdMarkers:boolean
singlestat.Sparkline show:boolean full:boolean fillColor:string lineColor:string ymin:number ymax:number
text.Panel content:string mode:TextMode style:any
@TextMode text
dashlist.Panel limit:integer query:string tag:string tags:[string] mode:string starred:boolean recent:boolean search:boolean
dashlist.Panel headings:boolean folderId:integer
"""
PLAIN: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_ONE_KIND = re.compile(r"[\[{][^\]}]*[\]}]|[^|]+")
Kinds = tuple[str, ...]
Said = tuple[Keys, str, str]
"""Where, what is there, and a hint."""


@cache
def shapes() -> Mapping[str, Mapping[str, Kinds]]:
    """Give every shape: its keys, each with the kinds of value that it may have; words of an enumeration have none."""
    made: dict[str, dict[str, Kinds]] = {}
    for line in filter(None, (TABLE + OLDER).split("\n")):
        name, *words = line.split(" ")
        shape = made.setdefault(name, {})
        for word in words:
            key, _, kinds = word.partition(":") if not name.startswith("@") else (word, "", "")
            shape[key] = tuple(dict.fromkeys([*shape.get(key, ()), *_ONE_KIND.findall(kinds)]))
    return made


def panel_kinds(kind: str) -> Mapping[str, Kinds]:
    """Give the keys of a panel of a kind; of options that are not described anything is right."""
    known = shapes()
    options = f"{kind}.Options" if f"{kind}.Options" in known else "any"
    own = {"options": (options,), "targets": ("[DataQuery]",)}
    return {**known["Panel"], **known.get(f"{kind}.Panel", {}), **own}


def said_of_mapping(value: Mapping[Any, Any], known: Mapping[str, Kinds], keys: Keys = ()) -> Iterator[Said]:
    """Give what is wrong with a mapping that has these keys, and with all below it."""
    for key, found in value.items():
        if key in known:
            yield from said(found, known[key], (*keys, key))
        elif near := get_close_matches(str(key), [name for name in known if name not in value], 1, NEAR):
            yield (*keys, key), "unknown key", f"did you mean {near[0]}?"


def said(value: Any, kinds: Kinds, keys: Keys = ()) -> Iterator[Said]:
    """Give what is wrong with a value that must be of one of these kinds; null is right everywhere."""
    if value is None or "any" in kinds:
        return
    fitting = [kind for kind in kinds if _fits(value, kind)]
    if not fitting:
        yield keys, f"found {shown(value)}; expected {' or '.join(dict.fromkeys(map(_named, kinds)))}", ""
        return
    meant = [kind for kind in fitting if not isinstance(value, dict) or _is_meant(value, kind)]
    yield from min((list(_inside(value, kind, keys)) for kind in meant), key=len, default=())


def _fits(value: Any, kind: str) -> bool:
    if kind in PLAIN:
        return isinstance(value, PLAIN[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if f"@{kind}" in shapes() or kind.startswith("="):
        return isinstance(value, str)
    return isinstance(value, list if kind.startswith("[") else dict)


def _is_meant(value: Mapping[Any, Any], kind: str) -> bool:
    """Say whether a mapping carries the fixed texts of a shape: the type by which it is told from others."""
    fixed = {
        key: one[0][1:] for key, one in shapes().get(kind, {}).items() if len(one) == 1 and one[0][0] == "="
    }
    return all(value.get(key, text) == text for key, text in fixed.items())


def _inside(value: Any, kind: str, keys: Keys) -> Iterator[Said]:
    """Give what is wrong inside a value that is of the kind on its outside."""
    if kind.startswith("["):
        for number, item in enumerate(value):
            yield from said(item, tuple(_ONE_KIND.findall(kind[1:-1])), (*keys, number))
    elif kind.startswith("{"):
        for key, item in value.items():
            yield from said(item, (kind[1:-1],), (*keys, key))
    elif words := shapes().get(f"@{kind}"):
        near = [] if value in words else get_close_matches(value, words, 1, NEAR)
        if near:
            yield keys, f"found {shown(value)}", f"did you mean {near[0]}?"
    elif isinstance(value, dict):
        yield from said_of_mapping(value, shapes()[kind], keys)


def _named(kind: str) -> str:
    plain = kind if kind in PLAIN else "array" if kind.startswith("[") else "object"
    return TYPE_NAMES["string" if f"@{kind}" in shapes() or kind.startswith("=") else plain]
