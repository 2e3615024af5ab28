//! Numbers as a person reads them.

/// Shown where a value is absent.
pub(crate) const NONE: &str = "–";

/// `1234567` as `1,234,567`.
pub(crate) fn integer(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with three significant digits: `134 M`, `6,912`.
pub(crate) fn short(n: u64) -> String {
    if n < 10_000 {
        return integer(n);
    }
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    scaled(n as f64, &units).unwrap_or_else(|| integer(n))
}

/// A length in bytes, binary units.
pub(crate) fn bytes(n: u64) -> String {
    let kib = 1024_f64;
    let units = [(kib.powi(4), "TiB"), (kib.powi(3), "GiB"), (kib.powi(2), "MiB"), (kib, "KiB")];
    scaled(n as f64, &units).unwrap_or_else(|| format!("{n} B"))
}

/// Three significant digits in the largest unit that gives at least 1, after rounding.
fn scaled(value: f64, units: &[(f64, &str)]) -> Option<String> {
    let (size, unit) = units.iter().find(|(size, _)| value / size >= 0.9995)?;
    let value = value / size;
    let places = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    let text = format!("{value:.places$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |(w, r)| (w, r));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), integer);
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    Some(format!("{whole}{point}{rest} {unit}"))
}

/// A length of time.
pub(crate) fn seconds(s: f64) -> String {
    if !s.is_finite() || s < 0.0 {
        return decimal(s);
    }
    if s >= 59.95 {
        let whole = s.round() as u64;
        return match (whole / 3600, whole / 60 % 60, whole % 60) {
            (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
            (hours, minutes, _) => format!("{} h {minutes:02} min", integer(hours)),
        };
    }
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];
    if s == 0.0 { "0 s".to_owned() } else { scaled(s, &units).unwrap_or_else(|| "<1 ns".into()) }
}

/// A fraction as a percentage; a share that is not 0 or 1 never reads as 0 % or 100 %.
pub(crate) fn percent(fraction: f64) -> String {
    let p = fraction * 100.0;
    if !p.is_finite() {
        NONE.to_owned()
    } else if p == 0.0 || p == 100.0 {
        format!("{p:.0} %")
    } else if p > 0.0 && p < 0.05 {
        "<0.1 %".to_owned()
    } else if (99.95..100.0).contains(&p) {
        ">99.9 %".to_owned()
    } else {
        signed(p, format!("{:.1}", p.abs())) + " %"
    }
}

/// The relative change from `before` to `after`: `−39.6 %`, `×12.5`, `unchanged`.
pub(crate) fn change(before: f64, after: f64) -> String {
    if before == after {
        return "unchanged".to_owned();
    }
    let ratio = after / before;
    if before == 0.0 || !before.is_finite() || !after.is_finite() {
        return NONE.to_owned();
    }
    if ratio >= 10.0 {
        return format!("×{}", decimal(round_to(ratio, 3)));
    }
    let p = (after - before) / before.abs() * 100.0;
    let magnitude = match p.abs() {
        m if m >= 100.0 => format!("{m:.0}"),
        m if m >= 99.995 => "99.99".to_owned(),
        m if m >= 99.95 => format!("{m:.2}"),
        m if m >= 10.0 => format!("{m:.1}"),
        m if m >= 0.005 => format!("{m:.2}"),
        _ => "<0.01".to_owned(),
    };
    if magnitude.starts_with('<') {
        return "<0.01 %".to_owned();
    }
    let sign = if p > 0.0 { "+" } else { "−" };
    format!("{sign}{magnitude} %")
}

/// How many times smaller `after` is: `1.66×`.
pub(crate) fn times_smaller(before: f64, after: f64) -> String {
    let ratio = before / after;
    if !ratio.is_finite() || after == 0.0 || before == 0.0 {
        return NONE.to_owned();
    }
    format!("{}×", decimal(round_to(ratio, 3)))
}

/// A measured value: about five significant digits, no trailing zeros.
pub(crate) fn decimal(x: f64) -> String {
    if x.is_nan() {
        return "not a number".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "∞".to_owned() } else { "−∞".to_owned() };
    }
    let m = x.abs();
    if m == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e12).contains(&m) {
        return signed(x, scientific(m));
    }
    signed(x, grouped(m, places(m)))
}

/// A measured value and its interval with the same number of places, zeros kept.
pub(crate) fn measured(value: f64, interval: Option<[f64; 2]>) -> (String, Option<String>) {
    let m = value.abs();
    if m != 0.0 && !(1e-4..1e12).contains(&m) {
        let brackets = |[low, high]: [f64; 2]| format!("[{}, {}]", decimal(low), decimal(high));
        return (decimal(value), interval.map(brackets));
    }
    let places = places(m);
    let text = |x: f64| {
        if !x.is_finite() {
            return decimal(x);
        }
        let text = format!("{:.places$}", x.abs());
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let whole = whole.parse().map_or_else(|_| whole.to_owned(), integer);
        let point = if rest.is_empty() { "" } else { "." };
        signed(x, format!("{whole}{point}{rest}"))
    };
    (text(value), interval.map(|[low, high]| format!("[{}, {}]", text(low), text(high))))
}

/// Places after the point that give about five significant digits.
fn places(m: f64) -> usize {
    match m {
        m if m >= 10_000.0 => 1,
        m if m >= 100.0 => 2,
        m if m >= 10.0 => 3,
        m if m >= 0.1 || m == 0.0 => 4,
        m => (3 - m.log10().floor() as i32).unsigned_abs() as usize,
    }
}

/// The axis label of `v`, on an axis whose labels are `step` apart and reach up to `most`.
pub(crate) fn tick(v: f64, step: f64, most: f64) -> String {
    if v == 0.0 {
        return "0".to_owned();
    }
    if most >= 1e15 || step < 1e-6 {
        return signed(v, scientific(v.abs()));
    }
    let (size, unit) = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")]
        .into_iter()
        .find(|(size, _)| most >= *size)
        .map_or((1.0, ""), |(size, unit)| (if size == 1e4 { 1e3 } else { size }, unit));
    let places = (-(step / size).log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
    signed(v, grouped(v.abs() / size, places)) + unit
}

fn signed(value: f64, magnitude: String) -> String {
    if value < 0.0 && magnitude != "0" { format!("−{magnitude}") } else { magnitude }
}

/// A magnitude with thousands separated and trailing zeros dropped.
fn grouped(m: f64, places: usize) -> String {
    let text = format!("{m:.places$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), integer);
    match rest.trim_end_matches('0') {
        "" => whole,
        rest => format!("{whole}.{rest}"),
    }
}

/// `1.23 × 10⁻⁷`.
fn scientific(m: f64) -> String {
    let text = format!("{m:.2e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let exponent: String = exponent.chars().map(superscript).collect();
    if mantissa == "1" { format!("10{exponent}") } else { format!("{mantissa} × 10{exponent}") }
}

fn superscript(c: char) -> char {
    match c {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4'..='9' => char::from_u32(0x2070 + (c as u32 - '0' as u32)).unwrap_or(c),
        '-' => '⁻',
        other => other,
    }
}

fn round_to(x: f64, digits: i32) -> f64 {
    let size = 10f64.powi(digits - 1 - x.abs().log10().floor() as i32);
    (x * size).round() / size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (n, exact, brief) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (9_999, "9,999", "9,999"),
            (12_345, "12,345", "12.3 k"),
            (999_900, "999,900", "1 M"),
            (134_515_008, "134,515,008", "135 M"),
            (6_738_415_616, "6,738,415,616", "6.74 G"),
            (u64::MAX, "18,446,744,073,709,551,615", "18,446,744 T"),
        ] {
            assert_eq!(integer(n), exact);
            assert_eq!(short(n), brief);
        }
    }

    #[test]
    fn lengths() {
        for (n, expect) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024 * 1024 - 100, "1 MiB"),
            (1536, "1.5 KiB"),
            (269_060_552, "257 MiB"),
            (1 << 40, "1 TiB"),
        ] {
            assert_eq!(bytes(n), expect);
        }
    }

    #[test]
    fn times() {
        for (s, expect) in [
            (0.0, "0 s"),
            (12.34, "12.3 s"),
            (0.00345, "3.45 ms"),
            (1.2e-5, "12 µs"),
            (59.96, "1 min 00 s"),
            (3599.7, "1 h 00 min"),
            (3725.0, "1 h 02 min"),
            (f64::NAN, "not a number"),
            (-1.0, "−1"),
        ] {
            assert_eq!(seconds(s), expect);
        }
    }

    #[test]
    fn a_share_that_is_not_whole_never_reads_as_whole() {
        for (f, expect) in [
            (0.0, "0 %"),
            (1e-6, "<0.1 %"),
            (0.5, "50.0 %"),
            (0.999_999, ">99.9 %"),
            (1.0, "100 %"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(percent(f), expect);
        }
    }

    #[test]
    fn changes() {
        for (before, after, expect) in [
            (100.0, 60.4, "−39.6 %"),
            (16.21, 22.41, "+38.2 %"),
            (5.0, 5.0, "unchanged"),
            (0.0, 3.0, "–"),
            (1e9, 1e9 + 1.0, "<0.01 %"),
            (2.0, 25.0, "×12.5"),
            (1e6, 1.0, "−99.99 %"),
            (4.0, 0.0, "−100 %"),
            (-2.0, -1.0, "+50.0 %"),
            (100.0, 104.12, "+4.12 %"),
            (16.0, f64::INFINITY, "–"),
        ] {
            assert_eq!(change(before, after), expect, "{before} -> {after}");
        }
        assert_eq!(times_smaller(3.0, 2.0), "1.5×");
        assert_eq!(times_smaller(3.0, 0.0), "–");
    }

    #[test]
    fn values() {
        for (x, expect) in [
            (16.213_4, "16.213"),
            (0.812_349, "0.8123"),
            (12_345.67, "12,345.7"),
            (0.5, "0.5"),
            (-0.001_234_5, "−0.001234"),
            (1.23e-7, "1.23 × 10⁻⁷"),
            (1e15, "10¹⁵"),
            (f64::NEG_INFINITY, "−∞"),
            (-0.0, "0"),
        ] {
            assert_eq!(decimal(x), expect);
        }
    }

    #[test]
    fn an_interval_has_the_places_of_its_value() {
        let text = |value, interval| measured(value, Some(interval));
        let expect = ("41.213".to_owned(), Some("[39.900, 42.600]".to_owned()));
        assert_eq!(text(41.213, [39.9, 42.6]), expect);
        let expect = ("0.8000".to_owned(), Some("[0.7812, 1.0000]".to_owned()));
        assert_eq!(text(0.8, [0.781_23, 1.0]), expect);
        let expect = ("−12,345.0".to_owned(), Some("[−∞, 10¹³]".to_owned()));
        assert_eq!(text(-12_345.0, [f64::NEG_INFINITY, 1e13]).0, expect.0);
        assert_eq!(measured(1e13, Some([f64::NEG_INFINITY, 1e13])).1, expect.1);
        assert_eq!(measured(f64::NAN, None), ("not a number".to_owned(), None));
    }

    #[test]
    fn ticks_share_the_unit_of_their_axis() {
        for (v, step, most, expect) in [
            (0.25, 0.05, 0.5, "0.25"),
            (5_000.0, 5_000.0, 20_000.0, "5 k"),
            (-20.0, 10.0, 40.0, "−20"),
            (1_500_000.0, 500_000.0, 2e6, "1.5 M"),
            (2e-8, 1e-8, 4e-8, "2 × 10⁻⁸"),
            (2_000.0, 1_000.0, 9_000.0, "2,000"),
        ] {
            assert_eq!(tick(v, step, most), expect);
        }
    }
}
