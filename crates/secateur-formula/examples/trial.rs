use secateur_formula::{
    backward::*, evaluate::*, genes::*, op::Op, refine::*, scale::*, search::*,
};
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
    let mut trains = Vec::new();
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
        let mut settings = Settings::new(8, seed);
        settings.levels = get("--levels", 8.0) as u32;
        settings.size_max = get("--size", 59.0) as usize;
        settings.islands = get("--islands", 4.0) as usize;
        settings.population = get("--pop", 250.0) as usize;
        settings.tournament = get("--tour", 3.0) as usize;
        settings.crossover = get("--cross", 0.7);
        settings.mutation = get("--mut", 0.3);
        settings.effort =
            Effort { steps: get("--lm", 3.0) as usize, gain_min: get("--gain", 1e-4) };
        settings.migrate_every = get("--mig", 10.0) as usize;
        settings.alphabet = Alphabet { operators, variables: 8, constants: get("--const", 0.3) };
        let start = Instant::now();
        let mut search = Search::new(settings, Samples { columns: Columns::new(&ct), target: &tt });
        let mut last = 0.0;
        while start.elapsed().as_secs_f64() < seconds
            && (search.evaluations as f64) < get("--evals", 1e18)
        {
            search.step();
            let t = start.elapsed().as_secs_f64();
            if args.iter().any(|a| a == "-v") && t - last > seconds / 8.0 {
                last = t;
                let best = search.hall.best().unwrap();
                println!(
                    "  {t:.1} gen {} evals {} rmse {:.3} size {}",
                    search.generation,
                    search.evaluations,
                    (best.error / train.len() as f64).sqrt(),
                    best.size
                );
            }
        }
        let rmse = |e: &Entry| e.formula.rmse(Samples { columns: Columns::new(&cv), target: &tv });
        print!(
            "seed {seed} {:.1} s gens {} evals {} train {:.3} val {:.3} size {} |",
            start.elapsed().as_secs_f64(),
            search.generation,
            search.evaluations,
            (best(&search).error / train.len() as f64).sqrt(),
            rmse(best(&search)),
            best(&search).size
        );
        for size in [15, 25, 35, 45] {
            if let Some(b) = search.hall.front().into_iter().filter(|e| e.size <= size).last() {
                print!(" {}: {:.2}/{:.2}", size, (b.error / train.len() as f64).sqrt(), rmse(b));
            }
        }
        println!();
        trains.push((best(&search).error / train.len() as f64).sqrt());
        let best = best(&search);
        finals.push(rmse(best));
    }
    finals.sort_by(f64::total_cmp);
    trains.sort_by(f64::total_cmp);
    println!("median train {:.3} val {:.3}", trains[trains.len() / 2], finals[finals.len() / 2]);
}
fn best<'a>(s: &'a Search) -> &'a Entry {
    s.hall.best().unwrap()
}
