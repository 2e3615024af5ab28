//! Tables: what is read, and what is said of what is not.

use std::path::Path;

use secateur_formula::table::{
    Decimal, Delimiter, Header, Missing, Options, Table, TableError, Which, parse, read,
};

use crate::data;

fn plain(text: &str) -> Result<Table, TableError> {
    parse(text.as_bytes(), &Options::default())
}

#[track_caller]
fn refused(text: &str, code: &str, part: &str) {
    let error = plain(text).expect_err(text);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

fn names(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|column| column.name.text.as_str()).collect()
}

#[test]
fn plain_tables_are_read() {
    let table = plain("\u{feff}cement (kg/m3),\"age [day]\"\r\n1,2.5\r\n-3,4e2\r\n\r\n").unwrap();
    assert_eq!(names(&table), ["cement", "age"]);
    assert_eq!(table.columns[1].name.unit.as_deref(), Some("day"));
    assert_eq!(table.columns[0].values, [1.0, -3.0]);
    assert_eq!(table.columns[1].values, [2.5, 400.0]);
    let table = plain("1 2  3\n 4 5 6 \n").unwrap();
    assert_eq!((names(&table), table.delimiter), (vec!["x0", "x1", "y"], Delimiter::Blanks));
    let table = plain("a,b,\n1,2,\n,,\n3,4,\n").unwrap();
    assert_eq!((names(&table), table.rows), (vec!["a", "b"], 2));
}

#[test]
fn what_cannot_be_read_is_placed() {
    refused("", "SEC-FO-022", "empty");
    refused("\n\n", "SEC-FO-022", "empty");
    refused("a,b\n", "SEC-FO-022", "below the header");
    refused("a,b\r\n1,2\r\n\r\n3\r\n", "SEC-FO-023", "line 4 has 1 fields, 2 were expected");
    refused("a,b\n1,2\n3,4,5\n", "SEC-FO-023", "line 3 has 3 fields");
    refused("a,b\n1,\"2\n3,4\n", "SEC-FO-024", "line 2, character 3");
    refused("a,b,a\n1,2,3\n", "SEC-FO-025", "columns 1 and 3");
    refused(",b\n1,2\n", "SEC-FO-026", "column 1 has no name");
    refused("M,1\nF,2\n", "SEC-FO-027", "\"M\" and \"1\"");
    refused("a,b\n1,2\n3,\nNA,?\n", "SEC-FO-029", "3 values are missing; the first is in line 3");
    refused("a,b\n1,2\n3,4 kg\n5,6\n", "SEC-FO-030", "line 3, column \"b\": \"4 kg\"");
    refused("a,b\n1,red\n3,blue\n5,6\n", "SEC-FO-031", "\"red\", \"blue\"");
    refused("a;b\n1,5;2\n", "SEC-FO-032", "\"1,5\"");
    refused("a,b\n1,2\n1e400,2\n", "SEC-FO-033", "line 3, column \"a\": \"1e400\"");
    refused("a,b\n1,-inf\n", "SEC-FO-033", "\"-inf\"");
    let error = parse(b"a,b\n1,\xff\n", &Options::default()).unwrap_err();
    assert_eq!(error, TableError::Encoding { byte: 6, line: 2 });
    let error = parse(b"a\0,\0b\0\n\0", &Options::default()).unwrap_err();
    assert_eq!(error, TableError::Encoding { byte: 1, line: 1 });
    let wide = ",".repeat(1_000_000);
    refused(&wide, "SEC-FO-028", "1000001 columns");
}

#[test]
fn options_are_followed() {
    let with = |text: &str, options: Options| parse(text.as_bytes(), &options);
    let table =
        with("a;b\n1,5;2\n", Options { decimal: Decimal::Comma, ..Options::default() }).unwrap();
    assert_eq!(table.columns[0].values, [1.5]);
    let text = "a,b\n1,2\n?,4\n5,NA\n7,8\n";
    let drop = Options { missing: Missing::DropRows, ..Options::default() };
    let table = with(text, drop).unwrap();
    assert_eq!((table.rows, &table.dropped[..]), (2, &[1, 2][..]));
    assert_eq!([0, 1, 2, 3, 4].map(|row| table.row_of(row)), [Some(0), None, None, Some(1), None]);
    let median = Options { missing: Missing::Median, ..Options::default() };
    let table = with(text, median).unwrap();
    assert_eq!(table.columns[0].values, [1.0, 5.0, 5.0, 7.0]);
    assert_eq!(table.columns[1].filled, [2]);
    assert_eq!(table.problem("b", None).unwrap_err().code(), "SEC-FO-037");
    assert_eq!(table.problem("a", None).unwrap_err().code(), "SEC-FO-037");
    let which = Which::Except(vec!["color".to_owned()]);
    let table =
        with("color,a,b\nred,1,2\n,3,4\n", Options { which, ..Options::default() }).unwrap();
    assert_eq!((names(&table), table.rows), (vec!["a", "b"], 2));
    let which = Which::Only(vec!["column 1".to_owned(), "b".to_owned()]);
    let error = with(",b\n1,2\n", Options { which, ..Options::default() }).unwrap_err();
    assert_eq!(error.code(), "SEC-FO-026");
    let comment = Options { comment: Some(b'#'), ..Options::default() };
    let table = with("# of 2009\na,b\n# more, and, more\n1,2\n", comment).unwrap();
    assert_eq!((names(&table), table.rows), (vec!["a", "b"], 1));
    let header = Options { header: Header::Yes, ..Options::default() };
    assert_eq!(names(&with("2010,2011\n1,2\n", header).unwrap()), ["2010", "2011"]);
}

#[test]
fn problems_have_a_target_that_varies() {
    let table = plain("a,b,c\n1,2,3\n4,2,5\n").unwrap();
    let problem = table.problem("C", None).unwrap();
    assert_eq!((problem.inputs.len(), problem.rows()), (2, 2));
    assert!(problem.warnings[0].contains("\"b\" is 2 in every row"));
    assert_eq!(table.problem("b", None).unwrap_err().code(), "SEC-FO-036");
    assert_eq!(table.problem("d", None).unwrap_err().code(), "SEC-FO-034");
    let twice = ["a".to_owned(), "a".to_owned()];
    assert_eq!(table.problem("c", Some(&twice)).unwrap_err().code(), "SEC-FO-037");
}

#[test]
fn tables_of_others_are_read() {
    let Some(data) = data() else { return };
    let shape = |name: &str| {
        let table = read(&data.join("data/tabular").join(name), &Options::default()).unwrap();
        (table.rows, table.columns.len())
    };
    assert_eq!(shape("Concrete_data.csv"), (819, 9));
    assert_eq!(shape("energy.txt"), (768, 9));
    assert_eq!(shape("yacht.txt"), (308, 7));
    assert_eq!(shape("wine-quality-red.txt"), (1599, 12));
    assert_eq!(shape("d_vdp1.txt"), (400, 3));
    let error = read(Path::new("/nowhere.csv"), &Options::default()).unwrap_err();
    assert_eq!(error.code(), "SEC-FO-020");
}
