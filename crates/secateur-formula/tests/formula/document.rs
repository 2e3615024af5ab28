//! Documents, halls of fame, and what a text turns out to be.

use secateur_formula::formula::{Formula, Input, Origin, Source, hall_of_fame, read_any};
use secateur_formula::syntax::{Syntax, read};

use crate::trees::names;

fn sample() -> Formula {
    let columns = names(&["cement", "w/b"]);
    let tree = read("12.5 * cement / `w/b` ^ 1.3", Syntax::Infix, &columns).unwrap();
    let mut formula = Formula::new("strength", &columns, tree);
    formula.unit = Some("MPa".into());
    formula.inputs[0] = Input {
        name: "cement".into(),
        unit: Some("kg/m3".into()),
        median: Some(272.9),
        low: Some(102.0),
        high: Some(540.0),
    };
    formula.origin = Origin { rows: Some(721), seed: Some(1), ..Origin::default() };
    formula
}

#[test]
fn a_document_reads_back() {
    let formula = sample();
    let text = formula.to_json().unwrap();
    assert_eq!(Formula::from_json(text.as_bytes()).unwrap(), formula);
    assert_eq!(read_any(text.as_bytes(), None, &[]).unwrap().1, Source::Document);
    assert!(text.contains(r#""expression": "12.5 * cement / `w/b` ^ 1.3""#), "{text}");
}

#[test]
fn a_document_that_contradicts_itself_is_refused() {
    let text = sample().to_json().unwrap();
    for (from, to, code) in [
        (r#""version": 1"#, r#""version": 2"#, "SEC-FO-007"),
        (r#""size": 7"#, r#""size": 8"#, "SEC-FO-006"),
        (r#""target""#, r#""targets""#, "SEC-FO-006"),
        (r#""secateur": "formula""#, r#""secateur": "recipe""#, "SEC-FO-006"),
        ("* cement", "* water", "SEC-FO-003"),
        (r#""name": "w/b""#, r#""name": "cement""#, "SEC-FO-006"),
        ("12.5", "1e999", "SEC-FO-004"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let error = Formula::from_json(changed.as_bytes()).unwrap_err();
        assert_eq!(error.code(), code, "{from}: {error}");
    }
}

#[test]
fn a_hall_of_fame_is_several_formulas() {
    let text = "Complexity,Loss,Equation\n1,2.5,\"x1\"\n3,0.5,\"(x0 + -2.3)\"\n5,0.1,\"max(x0, square(x1))\"\n";
    let columns = names(&["a", "b"]);
    let (formulas, source) = read_any(text.as_bytes(), None, &columns).unwrap();
    assert_eq!(source, Source::HallOfFame);
    let sizes: Vec<usize> = formulas.iter().map(|formula| formula.tree.size()).collect();
    assert_eq!(sizes, [1, 3, 4]);
    assert_eq!(formulas[2].origin.loss, Some(0.1));
    assert_eq!(formulas[1].origin.complexity, Some(3));
    let old = "Complexity|MSE|Equation\n1|2.5|x1\n";
    assert_eq!(hall_of_fame(old, &columns).unwrap().len(), 1);
    let wrong = "Complexity,Loss,Equation\n1,2.5,x1 +\n";
    let error = hall_of_fame(wrong, &columns).unwrap_err();
    assert!(error.to_string().contains("row 2: line 1, column 5"), "{error}");
    assert!(hall_of_fame("Complexity,Loss,Equation\n", &columns).is_err());
}

#[test]
fn a_text_is_guessed() {
    for (text, expect) in [
        ("=A2+1", Syntax::Excel),
        ("add(mul(X0, X1), -0.5)", Syntax::Gplearn),
        ("add(a, b) * 2", Syntax::Infix),
        ("x0**2", Syntax::Infix),
    ] {
        assert_eq!(read_any(text.as_bytes(), None, &[]).unwrap().1, Source::Text(expect), "{text}");
    }
}

#[test]
fn inputs_are_found_in_the_data_by_name() {
    let formula = sample();
    let tree = formula.over(&names(&["age", "w/b", "cement"])).unwrap();
    assert_eq!(tree.variables(), [1, 2]);
    let error = formula.over(&names(&["cements", "w/b"])).unwrap_err();
    assert_eq!(error.to_string(), "the data has no column cement; the nearest is cements");
}
