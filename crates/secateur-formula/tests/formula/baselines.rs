//! Baselines on the concrete table, against the numbers of other implementations.

use secateur_core::{Figure, RunError};
use secateur_formula::backward::median;
use secateur_formula::baselines::{
    Fitted, Information, Model, Response, Rows, Settings, Term, log_linear, network, ols,
    ols_with_ln, regression, stepwise,
};
use secateur_formula::compare::{Contender, Setup, baselines, compare, record};
use secateur_formula::law;
use secateur_formula::metrics::{Metrics, metrics};
use secateur_formula::op::Op;
use secateur_formula::split::{Groups, Split, by_rows, repeated_folds};
use secateur_formula::table::{Options, Problem, read};
use secateur_formula::tree::{Node, Tree};

use crate::data;

/// Half of the last digit that the reference states.
const RMSE_OFF: f64 = 0.5e-2;
const R2_OFF: f64 = 0.5e-3;

fn concrete() -> Option<(Problem, Groups, Split)> {
    let data = data()?;
    let table = read(&data.join("data/tabular/Concrete_data.csv"), &Options::default()).unwrap();
    let problem = table.problem("ConcreteCompressiveStrength", None).unwrap();
    let mixes: Vec<String> = problem.names[..7].iter().map(|name| name.header.clone()).collect();
    let groups = Groups::of_columns(&table, &mixes).unwrap();
    // The stated rule: groups are numbered by first appearance, every fifth is tested on.
    let test: Vec<usize> = (0..table.rows).filter(|row| groups.of_row()[*row] % 5 == 4).collect();
    let stated = std::fs::read_to_string(data.join("golden/formula/concrete_split.json")).unwrap();
    let stated: serde_json::Value = serde_json::from_str(&stated).unwrap();
    let rows = stated["val_rows_0based"].as_array().unwrap();
    let rows: Vec<usize> = rows.iter().map(|row| row.as_u64().unwrap() as usize).collect();
    assert_eq!(test, rows);
    let split = by_rows(table.rows, &rows).unwrap();
    Some((problem, groups, split))
}

/// Every baseline in folds of whole mixes, as a record.
#[test]
fn baselines_are_compared_in_folds() {
    let problem = law::table(7);
    let groups = Groups::single(problem.rows());
    let splits = repeated_folds(&groups, 5, 1, 3).unwrap();
    let setup = Setup { problem: &problem, groups: &groups, splits: &splits, seed: 3 };
    let settings = Settings { epochs: 300, restarts: 2, ..Settings::default() };
    let mut contenders = baselines(settings);
    contenders.push(Contender::new("law", |_| {
        let fitted = Fitted {
            model: Model::Formula(law::law()),
            parameters: 0,
            text: String::new(),
            notes: Vec::new(),
        };
        Ok(fitted)
    }));
    contenders.push(Contender::new("none", |_| {
        Err(RunError::new(secateur_core::Kind::Other, "SEC-FO-000", "there is no fit"))
    }));
    let outcomes = compare(&setup, &contenders, |_, _| ()).unwrap();
    let rmse = |name: &str| {
        let outcome = outcomes.iter().find(|outcome| outcome.name == name).unwrap();
        outcome.rmse().unwrap().mean
    };
    assert!((rmse("law") - law::NOISE).abs() < 0.2);
    assert!(rmse("stepwise") < rmse("ols") && rmse("law") < rmse("stepwise"));
    let none = outcomes.last().unwrap();
    assert!(none.rmse().is_none() && none.pooled.is_none() && none.folds.len() == 5);
    let law = &outcomes[4];
    assert_eq!(law.points.len(), problem.rows());
    let needed = |input: usize| law.over_folds(|fold| Some(fold.sensitivity[input])).unwrap().mean;
    assert_eq!([3, 5, 6].map(needed), [0.0; 3], "these inputs are not in the law");
    assert!(needed(4) > 3.0, "age is");
    let record = record(&setup, &outcomes, "law.csv");
    assert_eq!(record.figures.len(), 5);
    for named in &record.figures {
        assert_eq!(named.figure.check(), Ok(()), "{}", named.title);
    }
    assert!(record.warnings.iter().any(|w| w.contains("none could not be fitted in 5 folds")));
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (a, b) in
        one.install(|| compare(&setup, &contenders, |_, _| ()).unwrap()).iter().zip(&outcomes)
    {
        assert_eq!((&a.points, a.pooled), (&b.points, b.pooled), "{}", a.name);
    }
}

#[test]
fn an_input_whose_median_is_a_fault_is_not_shown_as_needless() {
    let problem = law::table(7);
    let groups = Groups::single(problem.rows());
    let splits = repeated_folds(&groups, 2, 1, 3).unwrap();
    let setup = Setup { problem: &problem, groups: &groups, splits: &splits, seed: 3 };
    // x / (x - median) of the rows learned from.
    let fault = Contender::new("fault", |rows| {
        let input = || Tree::leaf(Node::Var(0));
        let middle = Tree::leaf(Node::Const(median(&rows.inputs.columns[0])));
        let below = Tree::binary(Op::Sub, input(), &middle);
        let text = String::new();
        let model = Model::Formula(Tree::binary(Op::Div, input(), &below));
        Ok(Fitted { model, parameters: 0, text, notes: Vec::new() })
    });
    let outcomes = compare(&setup, &[fault], |_, _| ()).unwrap();
    let record = record(&setup, &outcomes, "law.csv");
    let is_said = |w: &String| w.contains("How far cement is needed is not shown");
    assert!(record.warnings.iter().any(is_said), "{:?}", record.warnings);
    let Figure::Bars { labels, .. } = &record.figures[4].figure else { panic!("bars") };
    assert!(!labels.contains(&"cement".to_owned()) && labels.contains(&"age".to_owned()));
    for named in &record.figures {
        assert_eq!(named.figure.check(), Ok(()), "{}", named.title);
    }
}

fn names(problem: &Problem) -> Vec<String> {
    problem.names.iter().map(|name| name.text.clone()).collect()
}

fn fit_on(
    problem: &Problem,
    groups: &Groups,
    seed: u64,
    fit: impl Fn(&Rows) -> Fitted,
    test: &Problem,
) -> (Fitted, Metrics) {
    let names = names(problem);
    let (inputs, target) = (problem.columns(), &problem.target[..]);
    let fitted = fit(&Rows { names: &names, inputs, target, groups, seed });
    let found = metrics(&test.target, &fitted.model.predict(test.columns()));
    (fitted, found)
}

#[track_caller]
fn check(found: &Metrics, rmse: f64, r2: f64) {
    let hint = "the loader, the split or least squares changed";
    assert!((found.rmse - rmse).abs() <= RMSE_OFF, "{} {rmse}: {hint}", found.rmse);
    assert!((found.r2.unwrap() - r2).abs() <= R2_OFF, "{:?} {r2}: {hint}", found.r2);
}

#[test]
fn regressions_give_the_stated_errors() {
    let Some((problem, groups, split)) = concrete() else { return };
    assert_eq!((split.train.len(), split.test.len()), (652, 167));
    let in_sample = |fit: fn(&Rows) -> Fitted| fit_on(&problem, &groups, 0, fit, &problem).1;
    let close = |found: &Metrics, rmse: f64, r2: f64| {
        assert!((found.rmse - rmse).abs() < 0.5e-4, "{} {rmse}", found.rmse);
        assert!((found.r2.unwrap() - r2).abs() < 0.5e-4, "{:?} {r2}", found.r2);
    };
    close(&in_sample(|rows| ols(rows).unwrap()), 10.1249, 0.6274);
    close(&in_sample(|rows| ols_with_ln(rows, &[7]).unwrap()), 6.8063, 0.8316);
    let days: Vec<usize> = (0..problem.rows()).filter(|r| problem.inputs[7][*r] == 28.0).collect();
    let mut month = problem.of_rows(&days);
    month.inputs.truncate(7);
    month.names.truncate(7);
    assert_eq!(month.rows(), 346);
    let found = fit_on(&month, &Groups::single(346), 0, |rows| ols(rows).unwrap(), &month).1;
    close(&found, 6.9271, 0.7783);

    let train = problem.of_rows(&split.train);
    let test = problem.of_rows(&split.test);
    let inner = groups.of_rows(&split.train);
    let split_of = |fit: fn(&Rows) -> Fitted| fit_on(&train, &inner, 0, fit, &test);
    check(&split_of(|rows| ols(rows).unwrap()).1, 11.10, 0.489);
    // What is stated as least squares with ln(age) has age on the whole table, but not here.
    let in_place = |rows: &Rows| {
        let mut terms: Vec<Term> = (0..7).map(Term::Plain).collect();
        terms.push(Term::Ln(7));
        regression(rows, &terms, Response::Plain).unwrap()
    };
    check(&split_of(in_place).1, 7.80, 0.747);
    check(&split_of(|rows| ols_with_ln(rows, &[7]).unwrap()).1, 7.42, 0.771);
    // What is stated as log-linear (10.52, .541) comes out with one added to each input, but for
    // the last digit of R2.
    let ones = |rows: &Rows| {
        let terms: Vec<Term> = (0..8).map(Term::LnOnePlus).collect();
        regression(rows, &terms, Response::Ln).unwrap()
    };
    check(&split_of(ones).1, 10.52, 0.5405);
    let (fitted, found) = split_of(|rows| log_linear(rows).unwrap());
    println!("log-linear: {} {:?} {}", found.rmse, found.r2, fitted.text);
    assert!(found.rmse < 11.0, "{}", found.rmse);
    let (fitted, found) = split_of(|rows| stepwise(rows, Information::Bic).unwrap());
    println!("stepwise: {} {:?} {}", found.rmse, found.r2, fitted.text);
    assert!(found.rmse < 7.80, "{}", found.rmse);
}

#[test]
fn networks_come_near_the_stated_error() {
    let Some((problem, groups, split)) = concrete() else { return };
    let train = problem.of_rows(&split.train);
    let test = problem.of_rows(&split.test);
    let inner = groups.of_rows(&split.train);
    let of = |seed| {
        let fit = |rows: &Rows| network(rows, &Settings::default()).unwrap();
        fit_on(&train, &inner, seed, fit, &test)
    };
    let found = [1, 2, 3].map(|seed| of(seed).1.rmse);
    println!("networks: {found:?}");
    // The reference states 6.46 as the mean of three seeds.
    assert!(found.iter().sum::<f64>() / 3.0 < 7.0, "{found:?}");
    assert_eq!(of(1).0, of(1).0, "the same seed gives the same network");
}

#[test]
fn columns_that_are_sums_of_others_are_left_out() {
    let x: Vec<f64> = (0..20).map(f64::from).collect();
    let square: Vec<f64> = x.iter().map(|x| x * x).collect();
    let sum: Vec<f64> = x.iter().zip(&square).map(|(a, b)| a + 2.0 * b + 7.0).collect();
    let inputs = vec![x.clone(), square.clone(), sum, vec![3.0; 20]];
    let target: Vec<f64> = x.iter().zip(&square).map(|(a, b)| 1.0 + 2.0 * a - 0.5 * b).collect();
    let names = ["a", "b", "sum", "constant"].map(str::to_owned);
    let groups = Groups::single(20);
    let inputs = secateur_formula::evaluate::Columns::new(&inputs);
    let rows = Rows { names: &names, inputs, target: &target, groups: &groups, seed: 0 };
    let fitted = ols(&rows).unwrap();
    assert_eq!((fitted.parameters, fitted.notes.len()), (3, 2), "{:?}", fitted.notes);
    assert!(metrics(&target, &fitted.model.predict(inputs)).rmse < 1e-9);
    let fitted = stepwise(&rows, Information::Aic).unwrap();
    assert!(metrics(&target, &fitted.model.predict(inputs)).rmse < 1e-9);
    assert_eq!(fitted.parameters, 3, "{}", fitted.text);
    assert!(log_linear(&rows).unwrap_err().to_string().contains("row"), "the target is negative");
}
