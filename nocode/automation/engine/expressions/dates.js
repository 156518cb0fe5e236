// `now` and `DateTime`: dates with a time zone, in the manner of Luxon. Loaded when an expression mentions them.
(host, settings) => {
  "use strict";
  const [fixed, home] = JSON.parse(settings);
  const DAY = 864e5;
  const SIZES = { milliseconds: 1, seconds: 1e3, minutes: 6e4, hours: 36e5, days: DAY, weeks: 7 * DAY };
  const UNITS = ["years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds"];
  const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
  const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
  const pad = (value, width = 2) => String(Math.abs(value)).padStart(width, "0");

  function unit(name) {
    const plural = String(name).toLowerCase().replace(/s?$/, "s");
    if (!UNITS.includes(plural)) throw new RangeError(`unknown unit “${name}”: use years, months, weeks, days, hours, minutes, seconds`);
    return plural;
  }

  // Time zones are tables from the host. An unknown one is asked for, and the expression is run again with it.
  const zones = { __proto__: null };
  const { run } = host;
  let wanted;
  host.zone = (name, box) => { zones[name] = box[0]; };
  host.run = (code, most) => {
    let answer;
    wanted = undefined;
    try {
      answer = run(code, most);
    } catch (error) {
      if (wanted === undefined) throw error;
    }
    return wanted === undefined ? answer : "z" + JSON.stringify(wanted);
  };
  function offsetAt(zone, ms) {
    if (zone === "UTC") return 0;
    const table = zones[zone];
    if (table === undefined) {
      wanted = zone;
      throw new RangeError("time zone asked for");
    }
    if (table === null) throw new RangeError(`unknown time zone “${zone}”`);
    let low = 0;
    let high = table.at.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      table.at[middle] <= ms ? (low = middle) : (high = middle - 1);
    }
    return table.offset[low] * 1000;
  }
  function zoneName(zone) {
    if (zone === undefined || zone === "local" || zone === "default") return home;
    return /^(utc|z|gmt|etc\/utc)$/i.test(zone) ? "UTC" : String(zone);
  }
  // The moment at which clocks of `zone` show `wall`: the first of two in autumn; a time skipped in spring moves on by an hour.
  function momentOf(wall, zone) {
    const before = offsetAt(zone, wall - DAY);
    const after = offsetAt(zone, wall + DAY);
    if (before !== after && offsetAt(zone, wall - before) !== before && offsetAt(zone, wall - after) === after) return wall - after;
    return wall - before;
  }

  class Duration {
    constructor(ms, values) {
      Object.assign(this, values);
      Object.defineProperty(this, "ms", { value: ms, enumerable: false });
    }
    as(name) {
      const plural = unit(name);
      return this.ms / (SIZES[plural] ?? { months: 30, quarters: 91, years: 365 }[plural] * DAY);
    }
    toObject() { return { ...this }; }
    toMillis() { return this.ms; }
    valueOf() { return this.ms; }
  }

  class DateTime {
    #ms;
    #zone;
    #wall;
    constructor(ms, zone = home) {
      if (Number.isNaN(ms)) throw new RangeError("not a date");
      this.#ms = ms;
      this.#zone = zone;
    }
    // A Date whose UTC fields are what the clock on the wall shows.
    get #shown() { return (this.#wall ??= new Date(this.#ms + offsetAt(this.#zone, this.#ms))); }
    #at(wall) { return new DateTime(momentOf(wall, this.#zone), this.#zone); }

    static now() { return new DateTime(fixed ?? Date.now()); }
    static local(...fields) { return fields.length ? DateTime.#of(fields, home) : DateTime.now(); }
    static utc(...fields) { return fields.length ? DateTime.#of(fields, "UTC") : new DateTime(fixed ?? Date.now(), "UTC"); }
    static #of([year, month = 1, ...rest], zone) { return new DateTime(momentOf(Date.UTC(year, month - 1, ...(rest.length ? rest : [1])), zone), zone); }
    static fromMillis(ms, { zone } = {}) { return new DateTime(+ms, zoneName(zone)); }
    static fromSeconds(seconds, { zone } = {}) { return new DateTime(seconds * 1000, zoneName(zone)); }
    static fromJSDate(date, { zone } = {}) { return new DateTime(+date, zoneName(zone)); }
    static fromObject(values, { zone } = {}) {
      return DateTime.#of([values.year ?? DateTime.now().year, values.month ?? 1, values.day ?? 1, values.hour ?? 0, values.minute ?? 0,
        values.second ?? 0, values.millisecond ?? 0], zoneName(zone));
    }
    static fromISO(iso, { zone } = {}) {
      const match = /^(\d{4})-?(\d\d)?-?(\d\d)?(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(String(iso).trim());
      if (!match) throw new RangeError(`“${iso}” is not an ISO 8601 date`);
      const [, year, month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = "0", offset] = match;
      const wall = Date.UTC(year, month - 1, day, hour, minute, second, Math.trunc(+`0.${fraction}` * 1000));
      if (new Date(wall).getUTCMonth() !== month - 1 || minute > 59) throw new RangeError(`“${iso}” is not a date of the calendar`);
      const place = zoneName(zone);
      if (!offset) return new DateTime(momentOf(wall, place), place);
      const digits = offset.replace(/\D/g, "");
      const shift = (digits.slice(0, 2) * 60 + +(digits.slice(2) || 0)) * (offset[0] === "-" ? -6e4 : 6e4);
      return new DateTime(wall - shift, place);
    }
    static fromFormat(text, format, { zone } = {}) {
      const fields = { y: 1970, M: 1, d: 1, H: 0, m: 0, s: 0, S: 0, h: undefined, a: "" };
      const names = [];
      const pattern = format.replace(/'([^']*)'|(yyyy|yy|MMMM|MMM|MM|M|dd|d|HH|H|hh|h|mm|m|ss|s|SSS|a)|([.*+?^${}()|[\]\\/])/g, (all, plain, token, sign) => {
        if (plain !== undefined) return plain.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
        if (sign) return `\\${sign}`;
        names.push(token);
        return { yyyy: "(\\d{4})", SSS: "(\\d{3})", MMMM: "(\\p{L}+)", MMM: "(\\p{L}+)", a: "([AaPp][Mm])" }[token] ?? (token.length === 2 ? "(\\d{2})" : "(\\d{1,2})");
      });
      const match = new RegExp(`^${pattern}$`, "u").exec(text);
      if (!match) throw new RangeError(`“${text}” is not written as ${format}`);
      names.forEach((token, index) => {
        const found = match[index + 1];
        if (token === "yy") fields.y = +found + (found < 61 ? 2000 : 1900);
        else if (token.length > 2 && token[0] === "M") fields.M = MONTHS.findIndex((month) => month.slice(0, 3).toLowerCase() === found.slice(0, 3).toLowerCase()) + 1;
        else fields[token[0]] = token === "a" ? found.toLowerCase() : +found;
      });
      if (fields.h !== undefined) fields.H = (fields.h % 12) + (fields.a === "pm" ? 12 : 0);
      return DateTime.#of([fields.y, fields.M, fields.d, fields.H, fields.m, fields.s, fields.S], zoneName(zone));
    }
    static isDateTime(value) { return value instanceof DateTime; }
    static max(...dates) { return dates.reduce((a, b) => (b > a ? b : a)); }
    static min(...dates) { return dates.reduce((a, b) => (b < a ? b : a)); }

    get year() { return this.#shown.getUTCFullYear(); }
    get month() { return this.#shown.getUTCMonth() + 1; }
    get day() { return this.#shown.getUTCDate(); }
    get hour() { return this.#shown.getUTCHours(); }
    get minute() { return this.#shown.getUTCMinutes(); }
    get second() { return this.#shown.getUTCSeconds(); }
    get millisecond() { return this.#shown.getUTCMilliseconds(); }
    get weekday() { return this.#shown.getUTCDay() || 7; }
    get quarter() { return Math.ceil(this.month / 3); }
    get ordinal() { return Math.floor((this.#shown - Date.UTC(this.year, 0, 1)) / DAY) + 1; }
    get daysInMonth() { return new Date(Date.UTC(this.year, this.month, 0)).getUTCDate(); }
    get isInLeapYear() { return new Date(Date.UTC(this.year, 1, 29)).getUTCDate() === 29; }
    get weekYear() { return new Date(+this.#shown + (4 - this.weekday) * DAY).getUTCFullYear(); }
    get weekNumber() { return Math.floor((+this.#shown + (4 - this.weekday) * DAY - Date.UTC(this.weekYear, 0, 1)) / (7 * DAY)) + 1; }
    get weekdayLong() { return DAYS[this.weekday - 1]; }
    get weekdayShort() { return this.weekdayLong.slice(0, 3); }
    get monthLong() { return MONTHS[this.month - 1]; }
    get monthShort() { return this.monthLong.slice(0, 3); }
    get offset() { return offsetAt(this.#zone, this.#ms) / 6e4; }
    get zoneName() { return this.#zone; }
    get isValid() { return true; }
    get ts() { return this.#ms; }

    plus(amount, name) { return this.#shift(amount, 1, name); }
    minus(amount, name) { return this.#shift(amount, -1, name); }
    #shift(amount, sign, name) {
      const by = { __proto__: null };
      const given = typeof amount === "number" ? { [name ?? "milliseconds"]: amount } : amount;
      for (const key of Object.keys(given)) by[unit(key)] = sign * given[key];
      const months = (by.years ?? 0) * 12 + (by.quarters ?? 0) * 3 + (by.months ?? 0);
      let date = this;
      if (months) {
        const first = new Date(Date.UTC(this.year, this.month - 1 + months, 1));
        const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
        date = this.#at(+first + (Math.min(this.day, last) - 1) * DAY + (this.#shown % DAY + DAY) % DAY);
      }
      const days = (by.weeks ?? 0) * 7 + (by.days ?? 0);
      if (days) date = date.#at(+date.#shown + days * DAY);
      const rest = (by.hours ?? 0) * 36e5 + (by.minutes ?? 0) * 6e4 + (by.seconds ?? 0) * 1e3 + (by.milliseconds ?? 0);
      return rest ? new DateTime(date.#ms + rest, this.#zone) : date;
    }
    set(values) {
      const pick = (name) => values[name] ?? values[`${name}s`] ?? this[name];
      const [year, month] = [pick("year"), pick("month")];
      const day = Math.min(pick("day"), new Date(Date.UTC(year, month, 0)).getUTCDate());
      const moved = Date.UTC(year, month - 1, day, pick("hour"), pick("minute"), pick("second"), pick("millisecond"));
      return this.#at(values.weekday ? moved + (values.weekday - this.weekday) * DAY : moved);
    }
    startOf(name) {
      const level = UNITS.indexOf(unit(name));
      const { year, month, day, hour, minute, second } = this;
      if (level === 1) return this.#at(Date.UTC(year, month - ((month - 1) % 3) - 1, 1));
      if (level === 3) return this.#at(Date.UTC(year, month - 1, day - this.weekday + 1));
      if (level === 8) return this;
      const at = level === 0 ? [0, 1] : level === 2 ? [month - 1, 1] : [month - 1, day, hour, minute, second].slice(0, level - 2);
      return this.#at(Date.UTC(year, ...at));
    }
    endOf(name) { return this.startOf(name).plus({ [unit(name)]: 1 }).minus({ milliseconds: 1 }); }
    diff(other, names = "milliseconds") {
      const end = other instanceof DateTime ? other : new DateTime(+new Date(other));
      const total = this.#ms - end.#ms;
      const asked = (Array.isArray(names) ? names : [names]).map(unit);
      const values = {};
      let from = end;
      for (const name of UNITS.filter((each) => asked.includes(each))) {
        const last = asked.filter((each) => UNITS.indexOf(each) > UNITS.indexOf(name)).length === 0;
        const count = from.#count(this, name);
        values[name] = last ? count : Math.trunc(count);
        from = from.plus({ [name]: values[name] });
      }
      return new Duration(total, values);
    }
    // How many units, the last one in part, from this date to `end`. Days and longer are counted on the calendar.
    #count(end, name) {
      if (SIZES[name] < DAY) return (end.#ms - this.#ms) / SIZES[name];
      if (SIZES[name]) return (end.#shown - this.setZone(end.#zone).#shown) / SIZES[name];
      const step = end < this ? -1 : 1;
      let whole = Math.trunc(((end.year - this.year) * 12 + end.month - this.month) / { months: 1, quarters: 3, years: 12 }[name]);
      if ((this.plus({ [name]: whole }) - end) * step > 0) whole -= step;
      const base = this.plus({ [name]: whole });
      return whole + step * ((end - base) / (base.plus({ [name]: step }) - base));
    }
    diffNow(names) { return this.diff(DateTime.now(), names); }
    hasSame(other, name) { return +this.startOf(name) === +other.setZone(this.#zone).startOf(name); }
    equals(other) { return other instanceof DateTime && this.#ms === other.#ms && this.#zone === other.#zone; }
    setZone(zone) {
      const moved = new DateTime(this.#ms, zoneName(zone));
      moved.offset;
      return moved;
    }
    toUTC() { return this.setZone("UTC"); }
    toLocal() { return this.setZone(home); }

    toMillis() { return this.#ms; }
    toSeconds() { return this.#ms / 1000; }
    toUnixInteger() { return Math.floor(this.#ms / 1000); }
    valueOf() { return this.#ms; }
    toJSDate() { return new Date(this.#ms); }
    toISODate() { return this.toISO().slice(0, 10); }
    toISOTime() { return this.toISO().slice(11); }
    toISO() { return this.#shown.toISOString().slice(0, -1) + (this.#zone === "UTC" ? "Z" : this.#token("ZZ")); }
    toSQL() { return this.toFormat("yyyy-MM-dd HH:mm:ss.SSS ZZ"); }
    toString() { return this.toISO(); }
    toJSON() { return this.toISO(); }
    toObject() { return Object.fromEntries(["year", "month", "day", "hour", "minute", "second", "millisecond"].map((name) => [name, this[name]])); }
    format(format = "yyyy-MM-dd'T'HH:mm:ss.SSSZZ") { return this.toFormat(format); }
    toFormat(format) {
      return String(format).replace(/'([^']*)'|([yMLdHhmsSEcZoqaWkxX])\2*/g, (token, plain) => plain ?? this.#token(token) ?? token);
    }
    #token(token) {
      const sign = this.offset < 0 ? "-" : "+";
      const [hours, minutes] = [Math.trunc(Math.abs(this.offset) / 60), Math.abs(this.offset) % 60];
      switch (token) {
        case "yyyy": case "y": return pad(this.year, token.length);
        case "yy": return pad(this.year % 100);
        case "MMMM": case "LLLL": return this.monthLong;
        case "MMM": case "LLL": return this.monthShort;
        case "MM": case "M": case "LL": case "L": return pad(this.month, token.length);
        case "dd": case "d": return pad(this.day, token.length);
        case "HH": case "H": return pad(this.hour, token.length);
        case "hh": case "h": return pad(this.hour % 12 || 12, token.length);
        case "mm": case "m": return pad(this.minute, token.length);
        case "ss": case "s": return pad(this.second, token.length);
        case "SSS": case "S": return pad(this.millisecond, token.length);
        case "EEEE": case "cccc": return this.weekdayLong;
        case "EEE": case "ccc": return this.weekdayShort;
        case "E": case "c": return String(this.weekday);
        case "a": return this.hour < 12 ? "AM" : "PM";
        case "Z": return `${sign}${hours}${minutes ? `:${pad(minutes)}` : ""}`;
        case "ZZ": return `${sign}${pad(hours)}:${pad(minutes)}`;
        case "ZZZ": return `${sign}${pad(hours)}${pad(minutes)}`;
        case "ooo": case "o": return pad(this.ordinal, token.length);
        case "q": return String(this.quarter);
        case "WW": case "W": return pad(this.weekNumber, token.length);
        case "kkkk": return String(this.weekYear);
        case "x": return String(this.#ms);
        case "X": return String(this.toUnixInteger());
        default: return undefined;
      }
    }
  }

  const live = (name, get) => Object.defineProperty(globalThis, name, { get, configurable: true });
  host.put(globalThis, "DateTime", DateTime);
  live("now", () => DateTime.now());
  live("$now", () => DateTime.now());
  live("$today", () => DateTime.now().startOf("day"));
}
