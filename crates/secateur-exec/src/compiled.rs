//! A whole network, compiled for fixed shapes of its inputs.
//!
//! What [`Runner`](crate::Runner) computes node by node, this computes in steps that take in as
//! much as they can: constants are computed once, batch normalization is part of the weight before
//! it, a layer adds a residual and applies an activation before it writes its result, images lie
//! with their channels side by side. Values share memory, which is there before a run. A batch
//! whose images do not see each other is run image by image, so that values stay in caches.
//!
//! Start reading at [`items`], then [`lower`]; [`plan`] is what runs.

mod batch;
mod dense;
mod elementwise;
mod items;
mod layers;
mod lower;
mod memory;
mod moves;
mod plan;
mod shapes;
mod step;
#[cfg(test)]
mod tests;
mod values;

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use secateur_graph::{Graph, NodeId, ValueId};
use secateur_tensor::Tensor;

use self::items::Items;
use self::memory::Memory;
use self::plan::{Inputs, Plan};
use crate::runner::RunnerError;

/// Values of shared memory that parts of a batch have at most, where they have more than one
/// image.
const NEAR: usize = 128 * 1024;

/// A network compiled for fixed shapes of its inputs. It owns what it needs.
pub struct Compiled {
    plan: Plan,
    /// Parts of the batch that are run one by one, or at the same time.
    parts: usize,
    /// Shapes of the whole inputs and outputs.
    inputs: Vec<Vec<usize>>,
    outputs: Vec<Vec<usize>>,
    /// Memories that no run uses now.
    idle: Mutex<Vec<Memory>>,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl Compiled {
    /// Compiles a graph for shapes of its inputs, in the order of [`Graph::inputs`].
    ///
    /// # Errors
    /// [`RunnerError`] when shapes do not fit, or a needed node cannot be computed.
    pub fn new(graph: &Graph, shapes: &[Vec<usize>]) -> Result<Self, RunnerError> {
        Self::within(graph, shapes, NEAR)
    }

    /// The same with parts of the batch that have so many values of shared memory, about.
    fn within(graph: &Graph, shapes: &[Vec<usize>], near: usize) -> Result<Self, RunnerError> {
        let items = Items::new(graph, graph.bind(shapes)?, &[])?;
        if let Some(compiled) = Self::by_parts(&items, shapes, near) {
            return Ok(compiled);
        }
        Ok(Self::whole(Plan::of_items(&items), &items))
    }

    /// The same for [`Compiled::run_observed`], which shows input 0 of the given nodes. Nodes that
    /// no output needs do not run, and are not shown.
    ///
    /// # Errors
    /// As [`Compiled::new`].
    pub fn observing(
        graph: &Graph,
        shapes: &[Vec<usize>],
        nodes: &[NodeId],
    ) -> Result<Self, RunnerError> {
        let items = Items::new(graph, graph.bind(shapes)?, nodes)?;
        Ok(Self::whole(Plan::of_items(&items), &items))
    }

    /// Of one part, for values of these shapes.
    fn whole(plan: Plan, items: &Items<'_>) -> Self {
        let idle = Mutex::new(vec![plan.memory()]);
        let shapes = |ids: &[ValueId]| ids.iter().map(|id| items.shape(*id)).collect();
        let (inputs, outputs) = (shapes(&items.graph.inputs), shapes(&items.graph.outputs));
        Self { plan, parts: 1, inputs, outputs, idle }
    }

    /// Compiled for a part of the batch, when images do not see each other.
    fn by_parts(items: &Items<'_>, shapes: &[Vec<usize>], near: usize) -> Option<Self> {
        let batch = *shapes.first()?.first()?;
        if !batch::is_by_image(items, batch) {
            return None;
        }
        let graph = items.graph;
        let compile = |images: usize| {
            let mut part = shapes.to_vec();
            for shape in &mut part {
                shape[0] = images;
            }
            let part = Items::new(graph, graph.bind(&part).ok()?, &[]).ok()?;
            batch::is_part_of(&part, items, images).then(|| Plan::of_items(&part))
        };
        let mut plan = compile(1)?;
        let images = (near / plan.shared().max(1)).clamp(1, batch);
        let images = (1..=images).rev().find(|n| batch.is_multiple_of(*n))?;
        if images > 1 {
            plan = compile(images)?;
        }
        let mut compiled = Self::whole(plan, items);
        compiled.parts = batch / images;
        Some(compiled)
    }

    /// Computes the outputs, in the order of [`Graph::outputs`], from inputs in the order of
    /// [`Graph::inputs`].
    ///
    /// # Panics
    /// When an input is not of the shape that the network is compiled for.
    pub fn run(&mut self, inputs: &[&Tensor]) -> Vec<Tensor> {
        self.run_observed(inputs, &mut |_, _| {})
    }

    /// The same; the visitor sees input 0 of the nodes that the network was compiled to observe,
    /// as the graph has it, before they run.
    ///
    /// # Panics
    /// As [`Compiled::run`].
    pub fn run_observed(
        &mut self,
        inputs: &[&Tensor],
        see: &mut (dyn FnMut(NodeId, &Tensor) + Send),
    ) -> Vec<Tensor> {
        let given = inputs.iter().map(|tensor| tensor.shape());
        assert!(given.eq(&self.inputs), "inputs of the shapes that the network is compiled for");
        // From inside of the pool: each step that is divided among threads then begins at once.
        let this = &*self;
        let mut results = Vec::new();
        rayon::scope(|_| {
            results = if this.parts > 1 { this.parts(inputs) } else { this.at_once(inputs, see) };
        });
        results
    }

    fn at_once(
        &self,
        tensors: &[&Tensor],
        see: &mut (dyn FnMut(NodeId, &Tensor) + Send),
    ) -> Vec<Tensor> {
        let inputs = Inputs { tensors, part: None };
        self.with_memory(|memory| {
            self.plan.run(inputs, memory, see);
            (0..self.plan.outputs()).map(|at| self.plan.output(at, inputs, memory)).collect()
        })
    }

    fn parts(&self, tensors: &[&Tensor]) -> Vec<Tensor> {
        let empty = |shape: &Vec<usize>| Tensor::zeros(shape.clone());
        let mut outputs: Vec<Tensor> = self.outputs.iter().map(empty).collect();
        let mut pieces: Vec<Vec<&mut [f32]>> = (0..self.parts).map(|_| Vec::new()).collect();
        for output in &mut outputs {
            let size = output.len() / self.parts;
            for (pieces, piece) in
                pieces.iter_mut().zip(output.as_f32_mut().chunks_mut(size.max(1)))
            {
                pieces.push(piece);
            }
        }
        pieces.into_par_iter().enumerate().for_each(|(part, pieces)| {
            let inputs = Inputs { tensors, part: Some(part) };
            self.with_memory(|memory| {
                self.plan.run(inputs, memory, &mut |_, _| {});
                for (at, y) in pieces.into_iter().enumerate() {
                    self.plan.write(at, inputs, memory, y);
                }
            });
        });
        outputs
    }

    /// Works with a memory that no other run uses. One may begin while another waits for threads.
    fn with_memory<T>(&self, work: impl FnOnce(&mut Memory) -> T) -> T {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut memory = taken.unwrap_or_else(|| self.plan.memory());
        let result = work(&mut memory);
        idle().push(memory);
        result
    }
}
