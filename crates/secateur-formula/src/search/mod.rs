//! Genetic operation trees: a search over gene vectors.
//!
//! After Yeh and Lien, 2009, "Knowledge discovery of concrete material using genetic operation
//! trees" (Expert Systems with Applications 36(3):5807-5812), details reconstructed. Islands of
//! gene vectors; parents by tournament; one-point and uniform crossover, and exchange of subtrees;
//! the linear scale of every formula is solved for and its constants are refined before it is
//! judged. What survives of a generation and its children is the better half without duplicates.
//! Islands form chains, down which the best go and whose first island begins anew now and then.
//!
//! The same seed gives the same formula for any number of threads: children are made one after
//! the other, each island from its own stream of random numbers, and judged in parallel.

mod checkpoint;
mod hall;
mod run;
mod vary;

pub use checkpoint::{CheckpointError, resume};
pub use hall::{Entry, Hall};
pub use run::{End, Limits, run};

use rayon::prelude::*;
use secateur_core::Random;

use crate::backward::{Samples, Scaled};
use crate::factor::factored;
use crate::genes::{Alphabet, Genes};
use crate::op::Op;
use crate::refine::{Effort, Workspace, refine};
use crate::scale::Scale;
use crate::tree::Tree;

/// How a search goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Levels of the trees; a vector has `2^levels - 1` genes.
    pub levels: u32,
    /// Most nodes of a formula, its scale not counted.
    pub size_max: usize,
    /// Populations that only now and then exchange their best.
    pub islands: usize,
    /// Vectors on each island.
    pub population: usize,
    /// Vectors that are drawn for a parent; the best of them is it.
    pub tournament: usize,
    /// Share of children with two parents.
    pub crossover: f64,
    /// Share of these that are changed further; all others are.
    pub mutation: f64,
    /// How far constants are refined before a formula is judged.
    pub effort: Effort,
    /// How far they are refined further where a formula has less error than half of its island.
    pub further: Effort,
    /// Generations between the journeys of the islands' best.
    pub migrate_every: usize,
    /// Generations after which the first island of a chain begins anew; 0 for never.
    pub renew_every: usize,
    /// What genes may be.
    pub alphabet: Alphabet,
    /// Seed of all random numbers.
    pub seed: u64,
}

/// Operators that are used when none are named: those of the paper without the power, and the
/// functions that it allows.
pub const OPERATORS: [Op; 7] = [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Ln, Op::Exp, Op::Sqrt];

impl Settings {
    /// The settings for a number of columns.
    pub fn new(variables: u32, seed: u64) -> Self {
        Self {
            levels: 8,
            size_max: 59,
            islands: 8,
            population: 125,
            tournament: 3,
            crossover: 0.7,
            mutation: 0.3,
            effort: Effort { steps: 3, gain_min: 1e-4 },
            further: Effort { steps: 12, gain_min: 1e-4 },
            migrate_every: 10,
            renew_every: 20,
            alphabet: Alphabet { operators: OPERATORS.to_vec(), variables, constants: 0.5 },
            seed,
        }
    }
}

/// A gene vector that was judged.
#[derive(Clone, Debug, PartialEq)]
struct Individual {
    genes: Genes,
    /// Sum of squared errors; infinite where a row has a fault.
    error: f64,
    size: usize,
}

/// A search under way.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// How it goes.
    pub settings: Settings,
    /// The best formula of every size so far.
    pub hall: Hall,
    /// Generations that are done.
    pub generation: u64,
    /// Formulas that were judged.
    pub evaluations: u64,
    train: Samples<'a>,
    spans: Vec<usize>,
    islands: Vec<Vec<Individual>>,
}

/// Best of an island that go to the next one of its chain.
const MIGRANTS: usize = 4;

/// Islands of a chain. The first begins anew now and then and sends its best down the chain, none
/// comes back: so young formulas grow up before they meet old ones.
///
/// After G. Hornby, 2006, "ALPS: the age-layered population structure for reducing the problem of
/// premature convergence" (GECCO '06), with islands in the place of layers.
const CHAIN: usize = 4;

impl<'a> Search<'a> {
    /// Begins a search: random vectors, judged.
    pub fn new(settings: Settings, train: Samples<'a>) -> Self {
        let spans = Genes::spans(settings.levels);
        let mut search = Self {
            settings,
            hall: Hall::default(),
            generation: 0,
            evaluations: 0,
            train,
            spans,
            islands: Vec::new(),
        };
        let mut all = Vec::new();
        for island in 0..search.settings.islands {
            let mut random = search.random(island);
            for _ in 0..search.settings.population {
                all.push(search.first(&mut random));
            }
        }
        // Nothing is known yet that a formula could be better than.
        let goals = vec![f64::NEG_INFINITY; all.len()];
        let judged = search.judge(all, goals);
        search.islands = judged
            .chunks(search.settings.population)
            .enumerate()
            .map(|(number, island)| order(island.to_vec(), number))
            .collect();
        search
    }

    /// Number of the training rows.
    pub fn rows(&self) -> usize {
        self.train.columns.rows
    }

    /// The random numbers of an island in this generation.
    fn random(&self, island: usize) -> Random {
        let stream = self.generation * self.settings.islands as u64 + island as u64;
        Random::stream(self.settings.seed, stream)
    }

    /// A random vector that is not too large.
    fn first(&self, random: &mut Random) -> Genes {
        let Settings { levels, alphabet, size_max, .. } = &self.settings;
        loop {
            let leaves = 0.1 + 0.4 * random.uniform();
            let genes = alphabet.genes(*levels, leaves, &self.spans, random);
            if genes.awake(&self.spans).len() <= *size_max {
                return genes;
            }
        }
    }

    /// Refines and judges vectors, and offers them to the hall. One with less error than its goal is
    /// refined further.
    fn judge(&mut self, genes: Vec<Genes>, goals: Vec<f64>) -> Vec<Individual> {
        self.evaluations += genes.len() as u64;
        let (spans, train) = (&self.spans, self.train);
        let Settings { effort, further, .. } = self.settings;
        let one = |work: &mut Workspace, (mut genes, goal): (Genes, f64)| {
            let whole = factored(&genes.tree(0, spans));
            let short = Scaled::peel(&whole).tree;
            genes.put(0, spans, &short);
            let order = genes.awake(spans);
            let nodes = order.iter().map(|place| genes.genes[*place]).collect();
            let mut tree = Tree::new(nodes).expect("what is awake is a tree");
            let mut found = refine(&mut tree, train.columns, train.target, effort, work);
            if found.is_some_and(|(_, error)| error < goal) {
                found = refine(&mut tree, train.columns, train.target, further, work);
            }
            for (place, node) in order.iter().zip(tree.nodes()) {
                genes.genes[*place] = *node;
            }
            let (scale, error) = found.unwrap_or((Scale::NONE, f64::INFINITY));
            (Individual { genes, error, size: order.len() }, Scaled { tree, scale })
        };
        let judged: Vec<(Individual, Scaled)> =
            genes.into_par_iter().zip(goals).map_init(Workspace::default, one).collect();
        let mut all = Vec::with_capacity(judged.len());
        for (individual, formula) in judged {
            let Individual { error, size, .. } = individual;
            if error.is_finite() {
                self.hall.offer(Entry { formula, size, error });
            }
            all.push(individual);
        }
        all
    }

    /// One generation on every island.
    pub fn step(&mut self) {
        self.generation += 1;
        let population = self.settings.population;
        let count = self.islands.len() * population;
        let (mut children, mut goals) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (number, island) in self.islands.iter().enumerate() {
            let mut random = self.random(number);
            let renewed = self.is_renewed(number);
            let child = |_| {
                if renewed { self.first(&mut random) } else { self.child(island, &mut random) }
            };
            children.extend((0..population).map(child));
            let goal = if renewed { f64::NEG_INFINITY } else { median(island) };
            goals.extend(std::iter::repeat_n(goal, population));
        }
        let mut judged = self.judge(children, goals).into_iter();
        for number in 0..self.islands.len() {
            let mut all = std::mem::take(&mut self.islands[number]);
            if self.is_renewed(number) {
                all.clear();
            }
            all.extend(judged.by_ref().take(population));
            let mut island = order(all, number);
            island.truncate(population);
            self.islands[number] = island;
        }
        let every = self.settings.migrate_every as u64;
        if every > 0 && self.generation.is_multiple_of(every) {
            self.migrate();
        }
    }

    /// A child of an island that is not too large.
    fn child(&self, island: &[Individual], random: &mut Random) -> Genes {
        let spans = &self.spans;
        loop {
            let mut child = self.parent(island, random).clone();
            let crossed = random.uniform() < self.settings.crossover;
            if crossed {
                vary::cross(&mut child, self.parent(island, random), spans, random);
            }
            if !crossed || random.uniform() < self.settings.mutation {
                vary::mutate(&mut child, &self.settings.alphabet, spans, random);
            }
            if child.awake(spans).len() <= self.settings.size_max {
                return child;
            }
        }
    }

    /// The best of a few. Islands are in order, so the least index is the best.
    fn parent<'p>(&self, island: &'p [Individual], random: &mut Random) -> &'p Genes {
        let draw = |_| random.below(island.len());
        let best = (0..self.settings.tournament.max(1)).map(draw).min();
        &island[best.expect("at least one is drawn")].genes
    }

    /// Whether an island is the first of a chain; one alone is none.
    fn is_first(&self, island: usize) -> bool {
        island.is_multiple_of(CHAIN) && island + 1 < self.islands.len()
    }

    /// Whether an island begins anew in this generation: in the one after its best have left.
    fn is_renewed(&self, island: usize) -> bool {
        let every = self.settings.renew_every as u64;
        let now = self.generation > 1 && every > 0 && (self.generation - 1).is_multiple_of(every);
        now && self.is_first(island)
    }

    /// The best of every island go to the next of its chain, in the place of its worst.
    fn migrate(&mut self) {
        let best = |island: &Vec<Individual>| island[..MIGRANTS.min(island.len())].to_vec();
        let travelers: Vec<Vec<Individual>> = self.islands.iter().map(best).collect();
        for (from, travelers) in travelers.into_iter().enumerate() {
            let to = from + 1;
            if to == self.islands.len() || self.is_first(to) {
                continue;
            }
            let mut all = std::mem::take(&mut self.islands[to]);
            all.truncate(self.settings.population.saturating_sub(travelers.len()));
            all.extend(travelers);
            self.islands[to] = order(all, to);
        }
    }
}

/// The error that half of an island has at most.
fn median(island: &[Individual]) -> f64 {
    let mut errors: Vec<f64> = island.iter().map(|one| one.error).collect();
    let middle = (errors.len() - 1) / 2;
    *errors.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// One island in so many, the last of them, prefers small formulas.
const SMALL_EVERY: usize = 4;

/// Best first, of equal errors the smaller, and none twice. On the islands that prefer small
/// formulas those come first that no smaller one equals, then those that only these surpass, and so
/// on: laws are small, and large formulas that come close to one would drive their parts out.
fn order(mut island: Vec<Individual>, number: usize) -> Vec<Individual> {
    island.sort_by(|a, b| a.error.total_cmp(&b.error).then(a.size.cmp(&b.size)));
    island.dedup_by(|a, b| a.error == b.error && a.error.is_finite());
    if number % SMALL_EVERY != SMALL_EVERY - 1 {
        return island;
    }
    // In order of errors, an individual is on the first front whose members are all larger.
    let mut smallest: Vec<usize> = Vec::new();
    let mut fronts: Vec<Vec<Individual>> = Vec::new();
    for one in island {
        let front = smallest.partition_point(|size| *size <= one.size);
        if front == fronts.len() {
            smallest.push(one.size);
            fronts.push(Vec::new());
        } else {
            smallest[front] = one.size;
        }
        fronts[front].push(one);
    }
    fronts.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Columns, values};
    use crate::scale::Target;

    /// Two columns and x0 ln(x1) with a constant inside.
    fn data(rows: usize) -> (Vec<Vec<f64>>, Target) {
        let mut random = Random::new(17);
        let columns: Vec<Vec<f64>> =
            (0..2).map(|_| (0..rows).map(|_| 1.0 + 4.0 * random.uniform()).collect()).collect();
        let law = |row: usize| 2.0 - 3.0 * columns[0][row] * (columns[1][row] + 0.7).ln();
        let target = Target::new((0..rows).map(law).collect());
        (columns, target)
    }

    fn settings(seed: u64) -> Settings {
        let small = Settings { islands: 3, population: 40, levels: 5, ..Settings::new(2, seed) };
        // So that a few generations have all that happens in a long search.
        Settings { size_max: 20, migrate_every: 3, renew_every: 4, ..small }
    }

    #[test]
    fn a_law_is_found() {
        let (columns, target) = data(100);
        let train = Samples { columns: Columns::new(&columns), target: &target };
        let wide = Settings { levels: 6, size_max: 20, ..Settings::new(2, 1) };
        let mut search = Search::new(wide, train);
        while search.generation < 60 && search.hall.best().unwrap().error > 1e-12 {
            search.step();
        }
        let best = search.hall.best().unwrap();
        assert!(best.error < 1e-9, "{best:?}");
        assert!(best.formula.rmse(train) < 1e-5);
        let whole = best.formula.whole();
        let found = values(&whole, train.columns);
        for (found, y) in found.iter().zip(&target.values) {
            assert!((found - y).abs() < 1e-4, "{found} {y}");
        }
    }

    #[test]
    fn threads_do_not_change_the_formulas() {
        let (columns, target) = data(60);
        let of = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let train = Samples { columns: Columns::new(&columns), target: &target };
                let mut search = Search::new(settings(5), train);
                for _ in 0..12 {
                    search.step();
                }
                search.hall
            })
        };
        assert_eq!(of(1), of(3));
    }

    #[test]
    fn a_search_that_is_continued_is_one_that_was_never_stopped() {
        let (columns, target) = data(60);
        let train = Samples { columns: Columns::new(&columns), target: &target };
        let mut search = Search::new(settings(9), train);
        for _ in 0..5 {
            search.step();
        }
        let text = search.checkpoint("rows").to_string();
        let value = serde_json::from_str(&text).unwrap();
        let mut again = resume(&value, settings(9), "rows", train).unwrap();
        for _ in 0..8 {
            search.step();
            again.step();
        }
        assert_eq!(search.hall, again.hall);
        assert_eq!((search.generation, search.evaluations), (again.generation, again.evaluations));
        assert!(resume(&value, settings(9), "other rows", train).is_err());
        assert!(resume(&value, settings(8), "rows", train).is_err());
        assert!(resume(&serde_json::json!({}), settings(9), "rows", train).is_err());
    }

    #[test]
    fn the_first_island_begins_anew_and_the_best_is_kept() {
        let (columns, target) = data(60);
        let train = Samples { columns: Columns::new(&columns), target: &target };
        let mut search = Search::new(settings(7), train);
        for generation in 1..=9 {
            let (before, best) = (search.islands.clone(), search.hall.best().unwrap().error);
            search.step();
            let stay = |island: usize| {
                search.islands[island].iter().any(|one| before[island].contains(one))
            };
            assert_eq!(stay(0), generation != 5 && generation != 9, "{generation}");
            assert!(stay(1) && stay(2));
            assert!(search.hall.best().unwrap().error <= best);
        }
    }

    #[test]
    fn the_best_of_an_island_reach_the_next_of_its_chain_only() {
        let (columns, target) = data(60);
        let train = Samples { columns: Columns::new(&columns), target: &target };
        let mut search = Search::new(Settings { islands: 6, ..settings(7) }, train);
        let best = |search: &Search, island: usize| search.islands[island][0].clone();
        let before: Vec<Individual> = (0..6).map(|island| best(&search, island)).collect();
        search.migrate();
        for (from, best) in before.iter().enumerate() {
            let to = (from + 1) % 6;
            let is_next = to != 0 && to != CHAIN;
            assert_eq!(search.islands[to].contains(best), is_next, "{from} to {to}");
        }
    }

    #[test]
    fn the_front_falls_and_sizes_are_kept() {
        let (columns, target) = data(60);
        let train = Samples { columns: Columns::new(&columns), target: &target };
        let mut search = Search::new(settings(3), train);
        for _ in 0..10 {
            search.step();
        }
        let front = search.hall.front();
        assert!(front.len() > 3, "{}", front.len());
        assert!(front.windows(2).all(|w| w[0].size < w[1].size && w[0].error > w[1].error));
        assert!(front.iter().all(|entry| entry.size <= 20 && entry.formula.tree.depth() <= 5));
    }
}
