//! What a scalar means by YAML 1.2's core schema.

use serde_json::Number;

use crate::core::value::Value;

/// Why a plain scalar has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberProblem {
    /// An integer beyond 64 bits, or a decimal with more digits than a double holds.
    NotExact,
    /// An infinity, or not a number: JSON has no form for it.
    NotFinite,
}

/// The types that a tag can demand of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarType {
    String,
    Integer,
    Float,
    Boolean,
    Null,
}

impl ScalarType {
    /// The type that the core schema's tag of that name means.
    pub(super) fn of_tag(suffix: &str) -> Option<Self> {
        Some(match suffix {
            "str" => Self::String,
            "int" => Self::Integer,
            "float" => Self::Float,
            "bool" => Self::Boolean,
            "null" => Self::Null,
            _ => return None,
        })
    }

    /// What a person calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Float => "a number",
            Self::Boolean => "a boolean",
            Self::Null => "null",
        }
    }
}

/// The value of a plain scalar without a tag.
pub(super) fn plain(text: &str) -> Result<Value, NumberProblem> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    match number(text) {
        Some(number) => number.map(Value::Number),
        None => Ok(Value::String(text.to_owned())),
    }
}

/// The value of a scalar that a tag gives a type; `None` if its content is not of that type.
pub(super) fn tagged(demanded: ScalarType, text: &str) -> Option<Result<Value, NumberProblem>> {
    let number = match demanded {
        ScalarType::String => return Some(Ok(Value::String(text.to_owned()))),
        ScalarType::Boolean | ScalarType::Null => {
            return plain(text)
                .ok()
                .filter(|value| match demanded {
                    ScalarType::Null => *value == Value::Null,
                    _ => matches!(value, Value::Bool(_)),
                })
                .map(Ok);
        }
        ScalarType::Float if is_decimal(text) => Some(decimal(text)),
        ScalarType::Float => number(text),
        ScalarType::Integer if is_decimal(text) && !is_integer(text) => None,
        ScalarType::Integer => {
            number(text).filter(|number| *number != Err(NumberProblem::NotFinite))
        }
    };
    number.map(|number| number.map(Value::Number))
}

/// Whether it is an integer with leading zeros, which YAML 1.1 reads as octal.
pub(super) fn has_leading_zero(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.len() > 1 && digits.starts_with('0') && is_digits(digits)
}

/// The nearest double, used instead of a number that cannot be held exactly.
pub(super) fn approximate(text: &str) -> Option<Number> {
    text.parse().ok().and_then(Number::from_f64)
}

fn number(text: &str) -> Option<Result<Number, NumberProblem>> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.')) {
        return None;
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if is_integer(text) {
        let number = text.parse::<i64>().map(Number::from);
        return Some(
            number
                .or_else(|_| text.parse::<u64>().map(Number::from))
                .map_err(|_| NumberProblem::NotExact),
        );
    }
    if is_decimal(text) {
        return Some(decimal(text));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let infinite = matches!(unsigned, ".inf" | ".Inf" | ".INF");
    let undefined = matches!(text, ".nan" | ".NaN" | ".NAN");
    (infinite || undefined).then_some(Err(NumberProblem::NotFinite))
}

fn radix(digits: &str, radix: u32) -> Option<Result<Number, NumberProblem>> {
    // The standard parser would take a sign, which the core schema does not allow here.
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some(
        u64::from_str_radix(digits, radix)
            .map(Number::from)
            .map_err(|_| NumberProblem::NotExact),
    )
}

fn is_integer(text: &str) -> bool {
    is_digits(text.strip_prefix(['-', '+']).unwrap_or(text))
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
        None => is_digits(mantissa),
    };
    mantissa_fits && exponent.is_none_or(is_integer)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A double, if it has all the digits that were written.
fn decimal(text: &str) -> Result<Number, NumberProblem> {
    let value: f64 = text.parse().map_err(|_| NumberProblem::NotExact)?;
    let held = Number::from_f64(value).ok_or(NumberProblem::NotExact)?;
    let written = significance(text);
    // If two shortest forms are equally near, printers differ in which one they take.
    let printed = [held.to_string(), format!("{value:e}")];
    if printed.iter().any(|form| significance(form) == written) {
        Ok(held)
    } else {
        Err(NumberProblem::NotExact)
    }
}

/// A decimal's significant digits and the power of ten of the last one;
/// the same for every way to write one number. `None` if the exponent is out of bounds.
fn significance(text: &str) -> Option<(String, i64)> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let kept = all.trim_end_matches('0');
    let digits = kept.trim_start_matches('0');
    if digits.is_empty() {
        return Some((String::new(), 0));
    }
    let exponent: i64 = exponent.parse().ok()?;
    let power = exponent
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(i64::try_from(all.len() - kept.len()).ok()?)?;
    Some((digits.to_owned(), power))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{NumberProblem, ScalarType, has_leading_zero, plain, tagged};
    use crate::core::value::Value;

    fn json(text: &str) -> Json {
        plain(text).map(|value| value.to_json()).unwrap()
    }

    #[test]
    fn words_of_the_core_schema_have_their_types() {
        for null in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(json(null), Json::Null, "{null}");
        }
        for (text, value) in [
            ("true", true),
            ("True", true),
            ("TRUE", true),
            ("false", false),
            ("FALSE", false),
        ] {
            assert_eq!(json(text), json!(value), "{text}");
        }
        for (text, value) in [
            ("0", json!(0)),
            ("-0", json!(0)),
            ("+12", json!(12)),
            ("010", json!(10)),
            ("0o17", json!(15)),
            ("0x1F", json!(31)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.", json!(1.0)),
            (".5", json!(0.5)),
            ("-1.50e+1", json!(-15.0)),
            ("1e3", json!(1000.0)),
            ("0.1", json!(0.1)),
            ("0e999", json!(0.0)),
            ("5e-324", json!(5e-324)),
            ("1618467642736842.2", json!(1_618_467_642_736_842.2)),
        ] {
            assert_eq!(json(text), value, "{text}");
        }
    }

    #[test]
    fn words_that_only_yaml_1_1_knows_are_strings() {
        for text in [
            "no",
            "on",
            "yes",
            "off",
            "y",
            "tRue",
            "nULL",
            "1e3x",
            "1_000",
            "12:30",
            "0b11",
            "2024-01-01",
            "+0x1",
            "0o8",
            "0x",
            "-0o7",
            "1e",
            "1.e+",
            ".",
            "-",
            "+",
            "--1",
            "1..2",
            "e5",
            "infinity",
            "inf",
            "nan",
            "NaN",
            "+.nan",
            "1 2",
            "٣",
        ] {
            assert_eq!(json(text), json!(text), "{text}");
        }
    }

    #[test]
    fn numbers_that_would_change_are_refused() {
        for text in [
            "18446744073709551616",
            "-9223372036854775809",
            "0x10000000000000000",
            "0o7777777777777777777777",
            "1e400",
            "-1e400",
            "1e-400",
            "1e99999999999999999999",
            "0.1000000000000000055",
            "123456789012345678.0",
            "9007199254740993.0",
        ] {
            assert_eq!(plain(text), Err(NumberProblem::NotExact), "{text}");
        }
        for text in [".inf", "-.Inf", "+.INF", ".nan", ".NaN"] {
            assert_eq!(plain(text), Err(NumberProblem::NotFinite), "{text}");
        }
    }

    #[test]
    fn a_tag_demands_its_type() {
        let ok = |json: Json, kind, text| {
            assert_eq!(
                tagged(kind, text).map(|value| value.map(|value| value.to_json())),
                Some(Ok(json)),
                "{text}"
            );
        };
        ok(json!("12"), ScalarType::String, "12");
        ok(json!(""), ScalarType::String, "");
        ok(json!(12), ScalarType::Integer, "12");
        ok(json!(12.0), ScalarType::Float, "12");
        ok(json!(true), ScalarType::Boolean, "true");
        ok(Json::Null, ScalarType::Null, "");
        assert_eq!(tagged(ScalarType::Integer, "1.5"), None);
        assert_eq!(tagged(ScalarType::Integer, "1e400"), None);
        assert_eq!(tagged(ScalarType::Integer, "x"), None);
        assert_eq!(tagged(ScalarType::Boolean, "yes"), None);
        assert_eq!(tagged(ScalarType::Boolean, ".inf"), None);
        assert_eq!(tagged(ScalarType::Null, "0"), None);
        assert_eq!(
            tagged(ScalarType::Float, "12345678901234567890"),
            Some(Err(NumberProblem::NotExact))
        );
        assert_eq!(
            tagged(ScalarType::Float, "9007199254740993"),
            Some(Err(NumberProblem::NotExact))
        );
        assert_eq!(
            tagged(ScalarType::Integer, "1234567890123456789012"),
            Some(Err(NumberProblem::NotExact))
        );
    }

    #[test]
    fn only_integers_can_look_octal() {
        for text in ["010", "-010", "00", "007", "+08"] {
            assert!(has_leading_zero(text), "{text}");
        }
        for text in ["0", "-0", "10", "0.5", "0o10", "01x", "00.5", "", "-"] {
            assert!(!has_leading_zero(text), "{text}");
        }
    }

    #[test]
    fn an_integer_is_not_a_double() {
        let Ok(Value::Number(number)) = plain("1") else {
            panic!("not a number");
        };
        assert!(!number.is_f64());
    }
}
