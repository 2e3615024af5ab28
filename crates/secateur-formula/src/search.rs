//! Genetic operation trees: a search over gene vectors.

use rayon::prelude::*;
use secateur_core::Random;

use crate::evaluate::Columns;
use crate::genes::{Alphabet, Genes};
use crate::op::Op;
use crate::refine::{Effort, Workspace, refine};
use crate::scale::{Scale, Target};
use crate::tree::{Node, Tree};

/// How a search goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub levels: u32,
    pub size_max: usize,
    pub islands: usize,
    pub population: usize,
    pub tournament: usize,
    pub crossover: f64,
    pub mutation: f64,
    pub effort: Effort,
    pub migrate_every: usize,
    pub alphabet: Alphabet,
    pub seed: u64,
}

#[derive(Clone, Debug)]
pub struct Individual {
    pub genes: Genes,
    pub scale: Scale,
    pub error: f64,
    pub size: usize,
    pub born: usize,
}

pub struct Search<'a> {
    pub settings: Settings,
    columns: Columns<'a>,
    target: &'a Target,
    spans: Vec<usize>,
    pub islands: Vec<Vec<Individual>>,
    pub hall: Vec<Option<(Tree, Scale, f64)>>,
    pub generation: usize,
    pub evaluations: usize,
}

impl<'a> Search<'a> {
    pub fn new(settings: Settings, columns: Columns<'a>, target: &'a Target) -> Self {
        let spans = Genes::spans(settings.levels);
        let hall = vec![None; settings.size_max + 1];
        let mut search = Self {
            settings,
            columns,
            target,
            spans,
            islands: Vec::new(),
            hall,
            generation: 0,
            evaluations: 0,
        };
        for island in 0..search.settings.islands {
            let mut random = search.random(island);
            let mut first: Vec<Genes> = Vec::new();
            while first.len() < search.settings.population {
                let leaves = 0.1 + 0.4 * random.uniform();
                let genes = search.settings.alphabet.genes(
                    search.settings.levels,
                    leaves,
                    &search.spans,
                    &mut random,
                );
                if genes.awake(&search.spans).len() <= search.settings.size_max {
                    first.push(genes);
                }
            }
            let island = search.judge(first);
            search.islands.push(island);
        }
        search
    }

    fn random(&self, island: usize) -> Random {
        Random::stream(
            self.settings.seed,
            (self.generation * self.settings.islands + island) as u64,
        )
    }

    fn judge(&mut self, genes: Vec<Genes>) -> Vec<Individual> {
        self.evaluations += genes.len();
        let (spans, columns, target) = (&self.spans, self.columns, self.target);
        let effort = self.settings.effort;
        let born = self.generation;
        let judged: Vec<(Individual, Tree)> = genes
            .into_par_iter()
            .map_init(Workspace::default, |work, mut genes| {
                let order = genes.awake(spans);
                let nodes = order.iter().map(|p| genes.genes[*p]).collect();
                let mut tree = Tree::new(nodes).expect("genes are a tree");
                let found = refine(&mut tree, columns, target, effort, work);
                for (place, node) in order.iter().zip(tree.nodes()) {
                    genes.genes[*place] = *node;
                }
                let size = order.len();
                let (scale, error) = found.unwrap_or((Scale::NONE, f64::INFINITY));
                (Individual { genes, scale, error, size, born }, tree)
            })
            .collect();
        let mut out = Vec::with_capacity(judged.len());
        for (individual, tree) in judged {
            if individual.error.is_finite() && individual.size < self.hall.len() {
                let place = &mut self.hall[individual.size];
                if place.as_ref().is_none_or(|(_, _, error)| individual.error < *error) {
                    *place = Some((tree, individual.scale, individual.error));
                }
            }
            out.push(individual);
        }
        out
    }

    /// One generation on every island.
    pub fn step(&mut self) {
        self.generation += 1;
        let mut all = Vec::new();
        for island in 0..self.settings.islands {
            let mut random = self.random(island);
            let population = &self.islands[island];
            for _ in 0..self.settings.population {
                let child = loop {
                    let child = self.child(population, &mut random);
                    if child.awake(&self.spans).len() <= self.settings.size_max {
                        break child;
                    }
                };
                all.push(child);
            }
        }
        let mut judged = self.judge(all).into_iter();
        for island in 0..self.settings.islands {
            let children: Vec<Individual> =
                judged.by_ref().take(self.settings.population).collect();
            let old = std::mem::take(&mut self.islands[island]);
            self.islands[island] = survivors(old, children, self.settings.population);
        }
        if self.settings.migrate_every > 0
            && self.generation.is_multiple_of(self.settings.migrate_every)
        {
            let best: Vec<Vec<Individual>> =
                self.islands.iter().map(|i| i[..4.min(i.len())].to_vec()).collect();
            let count = self.islands.len();
            for (number, best) in best.into_iter().enumerate() {
                let island = &mut self.islands[(number + 1) % count];
                let keep = island.len() - best.len();
                island.truncate(keep);
                island.extend(best);
                island.sort_by(|a, b| a.error.total_cmp(&b.error));
            }
        }
    }

    fn pick<'p>(&self, population: &'p [Individual], random: &mut Random) -> &'p Individual {
        let mut best = &population[random.below(population.len())];
        for _ in 1..self.settings.tournament {
            let other = &population[random.below(population.len())];
            let better =
                other.error < best.error || other.error == best.error && other.size < best.size;
            if better {
                best = other;
            }
        }
        best
    }

    fn child(&self, population: &[Individual], random: &mut Random) -> Genes {
        let mut child = self.pick(population, random).genes.clone();
        let spans = &self.spans;
        let mut changed = false;
        if random.uniform() < self.settings.crossover {
            let other = &self.pick(population, random).genes;
            match random.below(10) {
                0 => {
                    let cut = random.below(child.genes.len());
                    child.genes[cut..].copy_from_slice(&other.genes[cut..]);
                }
                1 => {
                    for (mine, theirs) in child.genes.iter_mut().zip(&other.genes) {
                        if random.uniform() < 0.5 {
                            *mine = *theirs;
                        }
                    }
                }
                _ => {
                    let from = other.awake(spans);
                    let to = child.awake(spans);
                    for _ in 0..10 {
                        let tree = other.tree(from[random.below(from.len())], spans);
                        if child.put(to[random.below(to.len())], spans, &tree) {
                            break;
                        }
                    }
                }
            }
            changed = true;
        }
        if !changed || random.uniform() < self.settings.mutation {
            self.mutate(&mut child, random);
        }
        child
    }

    fn mutate(&self, child: &mut Genes, random: &mut Random) {
        let spans = &self.spans;
        let alphabet = &self.settings.alphabet;
        let awake = child.awake(spans);
        let place = awake[random.below(awake.len())];
        match random.below(6) {
            // Another gene of the same kind.
            0 => match child.genes[place] {
                Node::Const(value) => {
                    let value = value + random.normal() * (0.1 * value.abs() + 1e-3);
                    child.genes[place] = Node::Const(value);
                }
                Node::Var(_) => child.genes[place] = alphabet.leaf(random),
                Node::Op(_) => child.genes[place] = Node::Op(alphabet.operator(random)),
            },
            // Any genes.
            1 => {
                for place in awake {
                    if random.uniform() < 0.05 {
                        child.genes[place] = alphabet.gene(spans[place], 0.3, random);
                    }
                }
            }
            // A new subtree.
            2 => {
                for gene in place..place + spans[place] {
                    child.genes[gene] = alphabet.gene(spans[gene], 0.5, random);
                }
            }
            // An operator above.
            3 | 4 => {
                let tree = child.tree(place, spans);
                let op = alphabet.operator(random);
                let grown = if op.arity() == 1 {
                    Tree::unary(op, tree)
                } else {
                    let leaf = Tree::leaf(alphabet.leaf(random));
                    if random.below(2) == 0 {
                        Tree::binary(op, tree, &leaf)
                    } else {
                        Tree::binary(op, leaf, &tree)
                    }
                };
                child.put(place, spans, &grown);
            }
            // One operand in the place of its operator.
            _ => {
                if let Node::Op(op) = child.genes[place] {
                    let below = if op.arity() == 2 && random.below(2) == 0 {
                        place + 1 + spans[place + 1]
                    } else {
                        place + 1
                    };
                    let tree = child.tree(below, spans);
                    child.put(place, spans, &tree);
                }
            }
        }
    }

    /// The best of all sizes.
    pub fn best(&self) -> Option<&(Tree, Scale, f64)> {
        self.hall.iter().flatten().min_by(|a, b| a.2.total_cmp(&b.2))
    }
}

fn survivors(old: Vec<Individual>, young: Vec<Individual>, count: usize) -> Vec<Individual> {
    let mut all = old;
    all.extend(young);
    all.sort_by(|a, b| a.error.total_cmp(&b.error).then(a.size.cmp(&b.size)));
    all.dedup_by(|a, b| a.error == b.error);
    all.truncate(count);
    all
}

/// The operators of the paper.
pub const ARITHMETIC: [Op; 5] = [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Pow];
