//! Where values lie: memory is given to another value when the last step has read it.

use std::collections::HashMap;

use rayon::prelude::*;
use secateur_graph::Kind;
use secateur_graph::ops::empty;
use secateur_tensor::Tensor;

use super::elementwise::Arithmetic;
use super::step::{Place, Port, Step, Work};
use super::values::{Draft, Held, Making, Source, Store, Values};

/// What values that lie in shared memory start at multiples of.
const ALIGN: usize = 16;

/// Steps with places, and the memory they need.
pub(super) struct Placed {
    pub(super) steps: Vec<Step>,
    pub(super) outputs: Vec<(Port, Held)>,
    pub(super) constants: Vec<std::sync::Arc<Tensor>>,
    /// Values of shared memory.
    pub(super) shared: usize,
    /// Kinds and numbers of values of the tensors.
    pub(super) own: Vec<(Kind, usize)>,
}

/// Memory that is free, and how it was given.
#[derive(Default)]
struct Room {
    /// First value and number of values of what is free, in order.
    free: Vec<(usize, usize)>,
    end: usize,
    own: Vec<(Kind, usize)>,
    idle: HashMap<(bool, usize), Vec<usize>>,
}

impl Room {
    fn take(&mut self, store: &Store) -> Place {
        if store.own {
            // Kinds other than floats are rare: theirs are not used again.
            let idle = self.idle.get_mut(&(store.kind == Kind::F32, store.len));
            if store.kind == Kind::F32
                && let Some(at) = idle.and_then(Vec::pop)
            {
                return Place::Own(at);
            }
            self.own.push((store.kind, store.len));
            return Place::Own(self.own.len() - 1);
        }
        let len = store.len.next_multiple_of(ALIGN);
        let fits = |(_, (_, room)): &(usize, &(usize, usize))| *room >= len;
        if let Some((at, _)) = self.free.iter().enumerate().filter(fits).min_by_key(|(_, f)| f.1) {
            let (start, room) = self.free[at];
            if room == len {
                self.free.remove(at);
            } else {
                self.free[at] = (start + len, room - len);
            }
            return Place::Shared(start);
        }
        // What is free at the end grows.
        let start = match self.free.last() {
            Some((start, room)) if start + room == self.end => *start,
            _ => self.end,
        };
        if start < self.end {
            self.free.pop();
        }
        self.end = start + len;
        Place::Shared(start)
    }

    fn give_back(&mut self, store: &Store, place: Place) {
        match place {
            Place::Own(at) => {
                self.idle.entry((store.kind == Kind::F32, store.len)).or_default().push(at);
            }
            Place::Shared(start) => {
                let len = store.len.next_multiple_of(ALIGN);
                let at = self.free.partition_point(|(other, _)| *other < start);
                self.free.insert(at, (start, len));
                if let Some((next, room)) = self.free.get(at + 1).copied()
                    && start + len == next
                {
                    self.free[at].1 += room;
                    self.free.remove(at + 1);
                }
                if at > 0 && self.free[at - 1].0 + self.free[at - 1].1 == start {
                    self.free[at - 1].1 += self.free[at].1;
                    self.free.remove(at);
                }
            }
            Place::Constant(_) | Place::Input(_) => {}
        }
    }
}

/// Finishes steps and gives each value its place.
pub(super) fn place(values: Values, outputs: &[Held]) -> Placed {
    let Values { stores, drafts, constants, .. } = values;
    let mut drafts: Vec<Draft> = drafts.into_iter().flatten().collect();
    let mut last = vec![0; stores.len()];
    for (at, draft) in drafts.iter().enumerate() {
        for held in draft.reads.iter().chain(&draft.writes) {
            last[held.store] = at;
        }
    }
    for held in outputs {
        last[held.store] = usize::MAX;
    }
    let mut room = Room::default();
    let mut places: Vec<Option<Place>> = stores
        .iter()
        .map(|store| match store.source {
            Source::Step(_) => None,
            Source::Constant(at) => Some(Place::Constant(at)),
            Source::Input(at) => Some(Place::Input(at)),
        })
        .collect();
    let mut ports = Vec::with_capacity(drafts.len());
    for (at, draft) in drafts.iter_mut().enumerate() {
        let dies =
            |store: usize| last[store] == at && matches!(stores[store].source, Source::Step(_));
        turn_sides(draft, dies);
        let in_place = is_in_place(draft, &stores, dies);
        if in_place {
            let (x, y) = (draft.reads[0].store, draft.writes[0].store);
            places[y] = places[x];
        }
        for held in &draft.writes {
            if places[held.store].is_none() {
                places[held.store] = Some(room.take(&stores[held.store]));
            }
        }
        let port = |held: &Held| Port {
            place: places[held.store].expect("a value is made before it is read"),
            shape: held.in_memory(),
            len: held.len(),
        };
        let of = |list: &[Held]| list.iter().map(port).collect::<Vec<_>>();
        ports.push((of(&draft.reads), of(&draft.writes), in_place));
        let mut done: Vec<usize> =
            draft.reads.iter().chain(&draft.writes).map(|held| held.store).collect();
        done.sort_unstable();
        done.dedup();
        for store in done {
            let is_taken = in_place && store == draft.reads[0].store;
            if dies(store) && !is_taken {
                room.give_back(&stores[store], places[store].expect("it has a place"));
            }
        }
    }
    let outputs = outputs.iter().map(|held| {
        let place = places[held.store].expect("a value is made before it is read");
        (Port { place, shape: held.in_memory(), len: held.len() }, held.clone())
    });
    let outputs = outputs.collect();
    let steps = drafts.into_par_iter().zip(ports).map(|(draft, (reads, writes, in_place))| {
        let work = match draft.work {
            Making::Dense(dense) => dense.finish(),
            Making::Work(work) => work,
        };
        Step { work, reads, writes, in_place }
    });
    Placed { steps: steps.collect(), outputs, constants, shared: room.end, own: room.own }
}

/// Puts the side that is not read again first, where sides are alike.
fn turn_sides(draft: &mut Draft, dies: impl Fn(usize) -> bool) {
    let Making::Work(Work::Arithmetic(op, _)) = &draft.work else { return };
    let is_symmetric = matches!(op, Arithmetic::Add | Arithmetic::Mul);
    if is_symmetric && !dies(draft.reads[0].store) && dies(draft.reads[1].store) {
        draft.reads.swap(0, 1);
    }
}

fn is_in_place(draft: &Draft, stores: &[Store], dies: impl Fn(usize) -> bool) -> bool {
    let Making::Work(work) = &draft.work else { return false };
    let ([x, others @ ..], [y, ..]) = (&draft.reads[..], &draft.writes[..]) else { return false };
    let (from, to) = (&stores[x.store], &stores[y.store]);
    work.can_be_in_place()
        && dies(x.store)
        && others.iter().all(|other| other.store != x.store)
        && (from.kind, from.len, from.own) == (to.kind, to.len, to.own)
}

/// The memory of a run.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) shared: Vec<f32>,
    pub(super) own: Vec<Option<Tensor>>,
}

impl Memory {
    pub(super) fn new(shared: usize, own: &[(Kind, usize)]) -> Self {
        let tensor = |(kind, len): &(Kind, usize)| Some(empty(*kind, &[*len]));
        Self { shared: vec![0.0; shared], own: own.iter().map(tensor).collect() }
    }
}
