use secateur_formula::{evaluate::*, genes::*, op::Op, refine::*, scale::*, search::*};
use std::time::Instant;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let get = |name: &str, d: f64| {
        args.iter().position(|a| a == name).map_or(d, |i| args[i + 1].parse().unwrap())
    };
    let text = std::fs::read_to_string("/work/shared/data/tabular/Concrete_data.csv").unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|l| l.split(',').map(|v| v.trim().parse().unwrap()).collect())
        .collect();
    let mut mixes: Vec<Vec<u64>> = Vec::new();
    let (mut train, mut val) = (Vec::new(), Vec::new());
    for row in &rows {
        let key: Vec<u64> = row[..7].iter().map(|v| v.to_bits()).collect();
        let mix = mixes.iter().position(|m| *m == key).unwrap_or_else(|| {
            mixes.push(key);
            mixes.len() - 1
        });
        if mix % 5 == 4 { val.push(row.clone()) } else { train.push(row.clone()) }
    }
    let cols = |rows: &[Vec<f64>]| {
        (0..8).map(|c| rows.iter().map(|r| r[c]).collect()).collect::<Vec<Vec<f64>>>()
    };
    let tgt = |rows: &[Vec<f64>]| Target::new(rows.iter().map(|r| r[8]).collect());
    let (ct, cv, tt, tv) = (cols(&train), cols(&val), tgt(&train), tgt(&val));
    let seconds = get("--time", 10.0);
    let mut finals = Vec::new();
    for seed in get("--from", 1.0) as u64..get("--to", 3.0) as u64 + 1 {
        let mut operators = vec![Op::Add, Op::Sub, Op::Mul, Op::Div];
        if get("--pow", 0.0) > 0.0 {
            operators.push(Op::Pow)
        }
        if get("--fun", 1.0) > 0.0 {
            operators.extend([Op::Ln, Op::Exp, Op::Sqrt])
        }
        if get("--sq", 0.0) > 0.0 {
            operators.extend([Op::Square])
        }
        let settings = Settings {
            levels: get("--levels", 6.0) as u32,
            size_max: get("--size", 59.0) as usize,
            islands: get("--islands", 4.0) as usize,
            population: get("--pop", 250.0) as usize,
            tournament: get("--tour", 3.0) as usize,
            crossover: get("--cross", 0.7),
            mutation: get("--mut", 0.3),
            effort: Effort { steps: get("--lm", 3.0) as usize, gain_min: 1e-4 },
            migrate_every: get("--mig", 10.0) as usize,
            alphabet: Alphabet { operators, variables: 8, constants: get("--const", 0.3) },
            seed,
        };
        let start = Instant::now();
        let mut search = Search::new(settings, Columns::new(&ct), &tt);
        let mut last = 0.0;
        while start.elapsed().as_secs_f64() < seconds {
            search.step();
            let t = start.elapsed().as_secs_f64();
            if args.iter().any(|a| a == "-v") && t - last > seconds / 8.0 {
                last = t;
                let best = search.best().unwrap();
                println!(
                    "  {t:.1} gen {} evals {} rmse {:.3} size {}",
                    search.generation,
                    search.evaluations,
                    (best.2 / train.len() as f64).sqrt(),
                    best.0.size()
                );
            }
        }
        let rmse = |(tree, s, _): &(secateur_formula::tree::Tree, Scale, f64)| {
            let v = values(tree, Columns::new(&cv));
            (v.iter().zip(&tv.values).map(|(f, y)| (y - s.a - s.b * f).powi(2)).sum::<f64>()
                / val.len() as f64)
                .sqrt()
        };
        let best = search.best().unwrap();
        print!(
            "seed {seed} gens {} evals {} train {:.3} val {:.3} size {} |",
            search.generation,
            search.evaluations,
            (best.2 / train.len() as f64).sqrt(),
            rmse(best),
            best.0.size()
        );
        for size in [15, 25, 35, 45] {
            if let Some(b) =
                search.hall[..=size].iter().flatten().min_by(|a, b| a.2.total_cmp(&b.2))
            {
                print!(" {}: {:.2}/{:.2}", size, (b.2 / train.len() as f64).sqrt(), rmse(b));
            }
        }
        println!();
        finals.push(rmse(best));
    }
    finals.sort_by(f64::total_cmp);
    println!("median {:.3}", finals[finals.len() / 2]);
}
