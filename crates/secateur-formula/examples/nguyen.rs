use secateur_core::Random;
use secateur_formula::{backward::*, evaluate::*, op::Op, scale::*, search::*};
use std::time::Instant;
type Law = fn(f64, f64) -> f64;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let get = |name: &str, d: f64| args.iter().position(|a| a == name).map_or(d, |i| args[i + 1].parse().unwrap());
    let laws: [(&str, f64, f64, Law); 12] = [
        ("x3+x2+x", -1., 1., |x, _| x.powi(3) + x * x + x),
        ("x4+..", -1., 1., |x, _| x.powi(4) + x.powi(3) + x * x + x),
        ("x5+..", -1., 1., |x, _| x.powi(5) + x.powi(4) + x.powi(3) + x * x + x),
        ("x6+..", -1., 1., |x, _| x.powi(6) + x.powi(5) + x.powi(4) + x.powi(3) + x * x + x),
        ("sin(x2)cos(x)-1", -1., 1., |x, _| (x * x).sin() * x.cos() - 1.),
        ("sin(x)+sin(x+x2)", -1., 1., |x, _| x.sin() + (x + x * x).sin()),
        ("ln(x+1)+ln(x2+1)", 0., 2., |x, _| (x + 1.).ln() + (x * x + 1.).ln()),
        ("sqrt(x)", 0., 4., |x, _| x.sqrt()),
        ("sin(x)+sin(y2)", 0., 1., |x, y| x.sin() + (y * y).sin()),
        ("2sin(x)cos(y)", 0., 1., |x, y| 2. * x.sin() * y.cos()),
        ("x^y", 0., 1., |x, y| x.powf(y)),
        ("x4-x3+y2/2-y", 0., 1., |x, y| x.powi(4) - x.powi(3) + y * y / 2. - y),
    ];
    let seeds = get("--seeds", 10.0) as u64;
    for (number, (name, low, high, law)) in laws.iter().enumerate() {
        let two = number >= 8;
        let (mut solved, mut seconds, mut gens) = (0, Vec::new(), Vec::new());
        for seed in 0..seeds {
            let mut random = Random::new(1000 + seed);
            let mut make = |n: usize| {
                let columns: Vec<Vec<f64>> = (0..if two { 2 } else { 1 }).map(|_| (0..n).map(|_| low + (high - low) * random.uniform()).collect()).collect();
                let target = Target::new((0..n).map(|i| law(columns[0][i], if two { columns[1][i] } else { 0. })).collect());
                (columns, target)
            };
            let (c, t) = make(20);
            let (vc, vt) = make(200);
            let mut settings = Settings::new(if two { 2 } else { 1 }, seed);
            settings.alphabet.operators = vec![Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Sin, Op::Cos, Op::Exp, Op::Ln];
            if get("--pow", 0.0) > 0.0 { settings.alphabet.operators.push(Op::Pow); }
            settings.alphabet.constants = get("--const", 0.2);
            settings.levels = get("--levels", 6.0) as u32;
            settings.size_max = get("--size", 26.0) as usize;
            let start = Instant::now();
            let mut search = Search::new(settings, Samples { columns: Columns::new(&c), target: &t });
            let limits = Limits { generations: Some(get("--gens", 100.0) as u64), time: None, patience: None };
            run(&mut search, limits, |_, _| true);
            let sd = (vt.spread / 200.0).sqrt();
            let ok = search.hall.front().iter().any(|e| e.error < 1e-12 * t.spread && e.formula.rmse(Samples { columns: Columns::new(&vc), target: &vt }) < 1e-5 * sd);
            solved += usize::from(ok);
            seconds.push(start.elapsed().as_secs_f64());
            gens.push(search.generation);
        }
        seconds.sort_by(f64::total_cmp);
        gens.sort_unstable();
        println!("N{:<2} {name:20} solved {solved}/{seeds} median {:.2} s, {} generations", number + 1, seconds[seconds.len() / 2], gens[gens.len() / 2]);
    }
}
