// Values as people read them, in the units that Grafana names: 12.5 %, 1.2 min, 3.4 MiB.

const SECONDS = { ns: 1e-9, 'µs': 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
const TIMES = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1], ['ms', 1e-3], ['µs', 1e-6], ['ns', 1e-9]];
const SHORT = ['', ' K', ' Mil', ' Bil', ' Tri', ' Quadr'];
const SI = ['', 'k', 'M', 'G', 'T', 'P'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
const RATES = { ops: 'ops/s', reqps: 'req/s', rps: 'rd/s', wps: 'wr/s', iops: 'io/s', cps: 'c/s', eps: 'evt/s', mps: 'msg/s', recps: 'rec/s', opm: 'ops/min', reqpm: 'req/min', rpm: 'rd/min', wpm: 'wr/min', cpm: 'c/min', mpm: 'msg/min' };
// name → [letters, base, unit, power of the base that the value is already in]
const SCALED = {
  bytes: [BINARY, 1024, 'B', 0], decbytes: [SI, 1000, 'B', 0], bits: [BINARY, 1024, 'b', 0], decbits: [SI, 1000, 'b', 0],
  kbytes: [BINARY, 1024, 'B', 1], mbytes: [BINARY, 1024, 'B', 2], gbytes: [BINARY, 1024, 'B', 3], tbytes: [BINARY, 1024, 'B', 4],
  deckbytes: [SI, 1000, 'B', 1], decmbytes: [SI, 1000, 'B', 2], decgbytes: [SI, 1000, 'B', 3], dectbytes: [SI, 1000, 'B', 4],
  Bps: [SI, 1000, 'B/s', 0], binBps: [BINARY, 1024, 'B/s', 0], bps: [SI, 1000, 'b/s', 0], binbps: [BINARY, 1024, 'b/s', 0], pps: [SI, 1000, 'p/s', 0],
  KBs: [SI, 1000, 'B/s', 1], MBs: [SI, 1000, 'B/s', 2], GBs: [SI, 1000, 'B/s', 3], Kbits: [SI, 1000, 'b/s', 1], Mbits: [SI, 1000, 'b/s', 2], Gbits: [SI, 1000, 'b/s', 3],
  KiBs: [BINARY, 1024, 'B/s', 1], MiBs: [BINARY, 1024, 'B/s', 2], GiBs: [BINARY, 1024, 'B/s', 3],
  hertz: [SI, 1000, 'Hz', 0], watt: [SI, 1000, 'W', 0], kwatt: [SI, 1000, 'W', 1], volt: [SI, 1000, 'V', 0], amp: [SI, 1000, 'A', 0], watth: [SI, 1000, 'Wh', 0],
};
const AFTER = { percent: '%', humidity: '%H', celsius: '°C', fahrenheit: '°F', kelvin: 'K', dB: 'dB', lengthm: 'm', ppm: 'ppm', pressurehpa: 'hPa', degree: '°' };
const CURRENCIES = { currencyUSD: '$', currencyEUR: '€', currencyGBP: '£', currencyJPY: '¥' };
const BOOLEANS = { bool: ['True', 'False'], bool_yes_no: ['Yes', 'No'], bool_on_off: ['On', 'Off'] };

export function format(value, unit = 'short', decimals = undefined) {
  if (value === null || value === undefined) return '–';
  const digits = (number, most) => number.toLocaleString('en', { minimumFractionDigits: decimals ?? 0, maximumFractionDigits: decimals ?? most });
  const some = (number) => digits(number, Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 2);
  if (unit === 'none' || unit === 'locale') return digits(value, 3);
  if (unit === 'short' || unit === 'sishort' || unit === '') {
    const [number, letter] = scaled(value, unit === 'sishort' ? ['', ...SI.slice(1).map((one) => ` ${one}`)] : SHORT, 1000, 0);
    return digits(number, Math.abs(number) >= 100 ? 1 : 2) + letter;
  }
  if (unit in SECONDS) return duration(value * SECONDS[unit], some);
  if (unit === 'percentunit') return `${some(value * 100)} %`;
  if (unit in AFTER) return `${some(value)} ${AFTER[unit]}`;
  if (unit in SCALED) {
    const [letters, base, name, power] = SCALED[unit];
    const [number, letter] = scaled(value, letters, base, power);
    return `${digits(number, Math.abs(number) >= 100 ? 0 : 2)} ${letter}${name}`;
  }
  if (unit in RATES) { const [number, letter] = scaled(value, SHORT, 1000, 0); return `${digits(number, 2)}${letter} ${RATES[unit]}`; }
  if (unit in BOOLEANS) return BOOLEANS[unit][value ? 0 : 1];
  if (unit in CURRENCIES) { const [number, letter] = scaled(value, SHORT, 1000, 0); return `${CURRENCIES[unit]}${digits(number, 2)}${letter}`; }
  return named(value, unit, some);
}

// Units that carry their own text, moments, and lengths as a clock shows them; what is not known stands behind the value.
function named(value, unit, some) {
  const affix = /^(prefix|suffix|si|count|currency|time):(.*)$/.exec(unit);
  if (affix?.[1] === 'prefix' || affix?.[1] === 'currency') return affix[2] + some(value);
  if (affix?.[1] === 'suffix') return some(value) + affix[2];
  if (affix?.[1] === 'count') return `${some(value)} ${affix[2]}`;
  if (affix?.[1] === 'si') { const [number, letter] = scaled(value, SI, 1000, 0); return `${some(number)} ${letter}${affix[2]}`; }
  if (unit === 'dtdurations' || unit === 'clocks') return clock(value);
  if (unit === 'dtdurationms' || unit === 'clockms') return clock(value / 1e3);
  if (unit.startsWith('dateTime') || affix?.[1] === 'time') return new Date(value).toLocaleString('sv');
  return unit === 'string' ? String(value) : `${some(value)} ${unit}`;
}

function scaled(value, letters, base, power) {
  let step = power;
  while (Math.abs(value) >= base && step < letters.length - 1) { value /= base; step += 1; }
  return [value, letters[step]];
}

function duration(seconds, some) {
  if (seconds === 0) return '0 s';
  const [name, size] = TIMES.find(([, one]) => Math.abs(seconds) >= one) ?? TIMES.at(-1);
  return `${some(seconds / size)} ${name}`;
}

function clock(seconds) {
  const two = (number) => String(Math.floor(number)).padStart(2, '0');
  const all = Math.abs(seconds);
  return `${seconds < 0 ? '-' : ''}${two(all / 3600)}:${two((all % 3600) / 60)}:${two(all % 60)}`;
}
