//! Networks from ONNX files.

use std::path::{Path, PathBuf};

use prost::Message;
use secateur_attacks::networks::{self, int};
use secateur_attacks::onnx::ints;
use secateur_core::prune::{Job, OnExisting};
use secateur_core::recipe::{self, Absorb, Granularity, Layout, Scope, Target, TargetCost};
use secateur_core::record::Record;
use secateur_core::{Budget, Limits, Recipe, RunError, Scores, Silent, select};
use secateur_graph::{Origin, Slot};
use secateur_neural::network::images::{Images, Wishes};
use secateur_neural::network::recalibrate::recalibrate;
use secateur_neural::network::score::norm;
use secateur_neural::network::{Model, accuracy::accuracy, run};
use secateur_onnx::proto::ModelProto;

use crate::contents;

/// A folder with the small network and images.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self::of(&networks::residual())
    }

    pub(crate) fn of(model: &ModelProto) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("net.onnx"), model.encode_to_vec()).unwrap();
        std::fs::write(folder.path().join("images.bin"), networks::images(64)).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn recipe(&self, method: &str, budget: Budget, granularity: Granularity) -> Recipe {
        let model = self.path("net.onnx").display().to_string();
        let mut recipe = Recipe::new("neural", &model, method, budget, Scope::Layer);
        recipe.layout = Layout::Onnx;
        recipe.network = Some(recipe::Network {
            granularity,
            target: None,
            min_keep: 1,
            align: Some(1),
            calibration: None,
            evaluation: None,
            recalibrate: true,
            absorb: Absorb::Never,
            inputs: vec![],
        });
        recipe
    }

    pub(crate) fn channels(&self, method: &str, share: f64) -> Recipe {
        self.recipe(method, Budget::Sparsity(share), Granularity::Channel)
    }

    fn with_images(&self, mut recipe: Recipe) -> Recipe {
        let path = self.path("images.bin").display().to_string();
        let network = recipe.network.as_mut().unwrap();
        network.calibration = Some(recipe::Images { path, ..recipe::Images::default() });
        recipe
    }

    pub(crate) fn run(&self, recipe: &Recipe, output: &str) -> Result<Record, RunError> {
        let output = self.path(output);
        let job = Job { output, existing: OnExisting::Refuse, max_memory: None, command: vec![] };
        Ok(run::run(recipe, &job, &mut Silent)?)
    }

    pub(crate) fn open(&self, name: &str) -> Model {
        open(&self.path(name))
    }
}

/// The node of a name.
fn node(model: &Model, name: &str) -> secateur_graph::NodeId {
    model.graph().numbered_nodes().find(|(_, node)| node.name == name).unwrap().0
}

fn open(path: &Path) -> Model {
    Model::open(path, &[], secateur_graph::Granularity::Outer).unwrap()
}

#[test]
fn every_criterion_makes_the_network_smaller_and_proves_it() {
    let place = Place::new();
    let before = place.open("net.onnx").costs(None);
    for method in ["l1", "l2", "fpgm", "bn-scale", "random", "wanda", "least-squares"] {
        let recipe = place.with_images(place.channels(method, 0.4));
        let name = format!("{method}.onnx");
        let record = place.run(&recipe, &name).unwrap_or_else(|error| panic!("{method}: {error}"));
        let after = place.open(&name).costs(None);
        assert!(after.macs * 2 < before.macs * 3 / 2 && after.parameters < before.parameters);
        assert_eq!(record.cost.network().unwrap().after.operations, after.macs);
        assert!(record.figures.iter().any(|figure| figure.title == "Proof"), "{method}");
    }
}

#[test]
fn the_same_recipe_gives_the_same_bytes_for_any_number_of_threads() {
    let mut all = Vec::new();
    for threads in [1, 2, 3] {
        let place = Place::new();
        let recipe = place.with_images(place.channels("least-squares", 0.4));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| place.run(&recipe, "out.onnx")).unwrap();
        all.push(std::fs::read(place.path("out.onnx")).unwrap());
    }
    assert!(all[0] == all[1] && all[0] == all[2]);
}

#[test]
fn a_target_is_reached_from_below() {
    let place = Place::new();
    for (cost, kept) in [
        (TargetCost::Macs, 0.5),
        (TargetCost::Macs, 0.8),
        (TargetCost::Params, 0.6),
        (TargetCost::Size, 0.7),
    ] {
        let mut recipe = place.channels("l2", 0.0);
        recipe.network.as_mut().unwrap().target = Some(Target { cost, kept });
        let name = format!("{}-{kept}.onnx", cost.name());
        let record = place.run(&recipe, &name).unwrap();
        let share = |of: fn(&secateur_core::record::Cost) -> u64| {
            let cost = record.cost.network().unwrap();
            of(&cost.after) as f64 / of(&cost.before) as f64
        };
        let share = match cost {
            TargetCost::Macs => share(|c| c.operations),
            TargetCost::Params => share(|c| c.parameters),
            TargetCost::Size | TargetCost::Latency => share(|c| c.bytes),
        };
        // The layers are narrow, so that a channel is a large step.
        assert!(share <= kept && share > kept - 0.08, "{cost:?} {kept}: {share}");
    }
}

#[test]
fn what_cannot_be_reached_or_changes_nothing_is_an_error_and_writes_nothing() {
    let place = Place::new();
    let mut recipe = place.channels("l2", 0.0);
    recipe.network.as_mut().unwrap().target = Some(Target { cost: TargetCost::Macs, kept: 0.0001 });
    assert_eq!(place.run(&recipe, "out.onnx").unwrap_err().code, "SEC-NW-009");
    assert_eq!(place.run(&place.channels("l2", 0.01), "out.onnx").unwrap_err().code, "SEC-NW-008");
    let mut recipe = place.channels("l2", 0.5);
    recipe.skip = vec!["*".to_owned()];
    assert_eq!(place.run(&recipe, "out.onnx").unwrap_err().code, "SEC-NW-007");
    recipe.skip = vec!["nonesuch*".to_owned()];
    assert_eq!(place.run(&recipe, "out.onnx").unwrap_err().code, "SEC-NW-006");
    assert_eq!(
        place.run(&place.channels("wanda", 0.5), "out.onnx").unwrap_err().code,
        "SEC-NW-010"
    );
    assert_eq!(
        place.run(&place.channels("sparsegpt", 0.5), "out.onnx").unwrap_err().code,
        "SEC-NW-005"
    );
    let names: Vec<String> =
        contents(place.folder.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["images.bin", "net.onnx"]);
}

#[test]
fn widths_are_rounded_up_to_multiples_and_no_layer_is_emptied() {
    let place = Place::new();
    let mut recipe = place.channels("l2", 0.6);
    recipe.network.as_mut().unwrap().align = Some(4);
    let record = place.run(&recipe, "aligned.onnx").unwrap();
    for group in record.groups.iter().filter(|group| group.skipped.is_none()) {
        let whole = group.kept + group.cut;
        assert!(group.kept % 4 == 0 || group.kept == whole, "{group:?}");
    }
    for scope in [Scope::Layer, Scope::Global] {
        let mut recipe = place.channels("l2", 0.99);
        recipe.scope = scope;
        recipe.network.as_mut().unwrap().min_keep = 2;
        let record = place.run(&recipe, &format!("{}.onnx", scope.name())).unwrap();
        assert!(record.groups.iter().all(|group| group.kept >= 2), "{:?}", record.groups);
    }
}

#[test]
fn weights_are_cut_to_the_count_and_stay_zero_in_the_file() {
    let place = Place::new();
    for (method, budget) in [
        ("magnitude", Budget::Sparsity(0.5)),
        ("magnitude", Budget::NofM { keep: 2, of: 4 }),
        ("wanda", Budget::Sparsity(0.5)),
    ] {
        let recipe = place.with_images(place.recipe(method, budget, Granularity::Weight));
        let name = format!("{method}-{}.onnx", budget.to_string().replace([' ', '%', ':'], "_"));
        let record = place.run(&recipe, &name).unwrap();
        let model = place.open(&name);
        for (layer, group) in model.layers.iter().zip(&record.groups) {
            let Origin::Weight(stored) = &model.graph().value(layer.weight).origin else {
                panic!()
            };
            let zeros = stored.to_f32().unwrap().iter().filter(|v| **v == 0.0).count() as u64;
            assert_eq!(zeros, group.cut, "{} {:?}", layer.name, group.skipped);
        }
        assert!(record.groups.iter().any(|group| group.cut > 0));
    }
}

#[test]
fn statistics_of_batch_normalization_are_those_of_the_images() {
    let place = Place::new();
    let model = place.open("net.onnx");
    let images =
        Images::open(&place.path("images.bin"), &Wishes::default(), &model.shapes[0]).unwrap();
    let (graph, count) = recalibrate(&model, model.graph(), &images).unwrap();
    assert_eq!(count, 5);
    // The first is fed by the stem alone, so its mean is that of the stem's outputs.
    let bn = node(&model, "stem_bn");
    let mean = graph.node(bn).inputs[3].unwrap();
    let Origin::Weight(stored) = &graph.value(mean).origin else { panic!() };
    let found = stored.to_f32().unwrap();
    let mut sums = vec![0.0_f64; 8];
    let mut pixels = 0;
    let stem = model.graph().node(bn).inputs[0].unwrap();
    for first in 0..images.len() {
        let facts = model.graph().bind(&[vec![1, 3, 8, 8]]).unwrap();
        let runner = secateur_exec::Runner::bound(model.graph(), facts, &[stem]).unwrap();
        let x = images.batch(first, 1).unwrap();
        let y = runner.run(&[x], &[stem], None).remove(0);
        for (channel, plane) in y.as_f32().chunks(64).enumerate() {
            sums[channel] += plane.iter().copied().map(f64::from).sum::<f64>();
        }
        pixels += 64;
    }
    for (found, sum) in found.iter().zip(sums) {
        assert!((f64::from(*found) - sum / f64::from(pixels)).abs() < 1e-5, "{found} {sum}");
    }
}

#[test]
fn images_that_do_not_fit_are_refused_with_the_numbers() {
    let place = Place::new();
    let open = |name: &str, bytes: &[u8], wishes: &Wishes| {
        std::fs::write(place.path(name), bytes).unwrap();
        let error = Images::open(&place.path(name), wishes, &[1, 3, 8, 8]).unwrap_err();
        RunError::from(error)
    };
    let none = Wishes::default();
    let error = open("short.bin", &networks::images(2)[..300], &none);
    assert_eq!(error.code, "SEC-NW-013");
    assert!(error.message.contains("300 bytes") && error.message.contains("3x8x8"), "{error}");
    let classes = Wishes { classes: Some(3), ..Wishes::default() };
    let error = open("labels.bin", &networks::images(8), &classes);
    assert!(error.message.contains("image 3 has class 3"), "{error}");
    let other = Wishes { image: Some([3, 4, 16]), ..Wishes::default() };
    let error = open("shape.bin", &networks::images(8), &other);
    assert!(error.message.contains("takes images of 3x8x8, not 3x4x16"), "{error}");
    let colors = Wishes { mean: Some(vec![0.5]), ..Wishes::default() };
    assert!(open("colors.bin", &networks::images(8), &colors).message.contains("1 numbers for 3"));
    assert!(open("empty.bin", &[], &none).message.contains("0 bytes"));
}

/// The folder of shared test data.
fn data(name: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("SECATEUR_TEST_DATA") else {
        println!("skipped: no test data");
        return None;
    };
    Some(Path::new(&root).join(name))
}

/// Values of a constant.
fn constant(model: &Model, name: &str) -> Vec<f32> {
    let value = model.graph().values().iter().find(|value| value.name == name).unwrap();
    let Origin::Weight(stored) = &value.origin else { panic!("{name} is no constant") };
    stored.to_f32().unwrap()
}

#[test]
fn counts_of_the_shared_networks_are_those_of_their_page() {
    let Some(folder) = data("data/models") else { return };
    for (name, parameters, macs) in [
        ("resnet20_cifar", 269_722, 40_551_040),
        ("resnet20_cifar_folded", 269_034, 40_551_040),
        ("resnet20_cifar_dynamo", 269_035, 40_551_040),
        ("resnet20_cifar_dynamo_raw", 269_722, 40_551_040),
        ("mobilenet_v2", 3_504_872, 300_774_272),
        ("mobilenet_v1_025", 470_072, 41_030_272),
        ("mobilenet_v3_small", 1_526_938, 55_496_640),
        ("mobilenet_v3_small_dynamo", 1_518_128, 55_496_640),
        ("vgg16_bn_cifar_w025", 924_186, 19_907_840),
    ] {
        let costs = open(&folder.join(format!("{name}.onnx"))).costs(None);
        assert_eq!((costs.parameters, costs.macs), (parameters, macs), "{name}");
    }
}

/// Filters of ResNet-20 with the smallest norms, as `methods/neural.md` 3(c) has them.
#[test]
fn filters_of_resnet_20_are_ranked_as_the_reference_ranks_them() {
    let Some(folder) = data("data/models") else { return };
    let model = open(&folder.join("resnet20_cifar.onnx"));
    for (name, cut) in [
        ("conv1", vec![5, 6, 8, 14]),
        ("layer1.0.conv1", vec![1, 2, 8, 14]),
        ("layer1.0.conv2", vec![4, 5, 8, 14]),
        ("layer1.1.conv1", vec![0, 1, 10, 11]),
        ("layer1.1.conv2", vec![4, 8, 13, 15]),
        (
            "layer3.2.conv2",
            vec![3, 4, 5, 12, 14, 15, 18, 19, 24, 26, 28, 30, 31, 38, 43, 44, 55, 60, 62],
        ),
    ] {
        let layer = model.layers.iter().find(|layer| layer.name == name).unwrap();
        let weight = constant(&model, &format!("{name}.weight"));
        let each = weight.len() / layer.shape[0];
        let norms: Vec<f32> = weight.chunks(each).map(|filter| norm(filter) as f32).collect();
        let scores = Scores::one_group(norms).unwrap();
        let mask = select(&scores, Budget::Sparsity(0.3), &Limits::NONE).unwrap();
        let found: Vec<usize> = (0..layer.shape[0]).filter(|at| !mask.keeps(*at)).collect();
        assert_eq!(found, cut, "{name}");
    }
}

/// The thresholds of network slimming and of global magnitude on ResNet-20, from 3(c).
#[test]
fn thresholds_of_resnet_20_are_those_of_the_reference() {
    let Some(folder) = data("data/models") else { return };
    let model = open(&folder.join("resnet20_cifar.onnx"));
    let convolutions = model.layers.iter().filter(|layer| layer.op == "Conv");
    let mut weights: Vec<f32> = convolutions
        .flat_map(|layer| constant(&model, &model.graph().value(layer.weight).name))
        .map(f32::abs)
        .collect();
    assert_eq!(weights.len(), 267_696);
    weights.sort_by(f32::total_cmp);
    for (share, threshold) in [(0.5, 0.052_275_8), (0.8, 0.110_088_2)] {
        let found = weights[(weights.len() as f64 * share) as usize];
        assert!((found - threshold).abs() < 1e-7, "{found} {threshold}");
    }
    let scales: Vec<Vec<f32>> = model
        .graph()
        .values()
        .iter()
        .filter(|value| value.name.contains("bn") && value.name.ends_with(".weight"))
        .map(|value| constant(&model, &value.name).into_iter().map(f32::abs).collect())
        .collect();
    let all: Vec<f32> = scales.iter().flatten().copied().collect();
    assert_eq!(all.len(), 688);
    let mut sorted = all.clone();
    sorted.sort_by(f32::total_cmp);
    for (share, threshold, kept) in [(0.3, 0.602_010, 481), (0.5, 0.667_364, 343)] {
        let found = sorted[(688.0 * share) as usize];
        assert!((found - threshold).abs() < 1e-6, "{found} {threshold}");
        let scores = Scores::one_group(all.clone()).unwrap();
        let mask = select(&scores, Budget::Above(found), &Limits::NONE).unwrap();
        assert_eq!(mask.kept(), kept);
    }
}

/// Peers keep 22.8 % at 50.8 % of the multiply-accumulates.
#[test]
fn resnet_20_with_half_the_work_still_recognizes_images() {
    let (Some(models), Some(images)) = (data("data/models"), data("data/images")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = Place { folder };
    let mut recipe = place.channels("least-squares", 0.0);
    recipe.model = models.join("resnet20_cifar.onnx").display().to_string();
    recipe.layers = vec!["layer*.conv1".to_owned()];
    let named = |name: &str, samples| {
        let path = images.join(name).display().to_string();
        Some(recipe::Images { path, samples, ..recipe::Images::default() })
    };
    let network = recipe.network.as_mut().unwrap();
    network.target = Some(Target { cost: TargetCost::Macs, kept: 0.508 });
    network.calibration = named("cifar10_train_5000.bin", Some(256));
    network.evaluation = named("cifar10_test_1000.bin", None);
    let record = place.run(&recipe, "out.onnx").unwrap();
    let quality = &record.quality[0];
    assert_eq!(quality.before.as_ref().unwrap().value, 0.804);
    assert!(quality.after.as_ref().unwrap().value > 0.6, "{quality:?}");
    let cost = record.cost.network().unwrap();
    let share = cost.after.operations as f64 / cost.before.operations as f64;
    assert!((0.47..=0.508).contains(&share), "{share}");
    let small = place.open("out.onnx");
    let wishes = Wishes::default();
    let test = Images::open(&images.join("cifar10_test_1000.bin"), &wishes, &small.shapes[0]);
    let again = accuracy(&small, small.graph(), &test.unwrap()).unwrap();
    assert_eq!(again.top1, quality.after.as_ref().unwrap().value);
}

/// Torch-Pruning breaks these networks: the shortcut slices and pads.
#[test]
fn the_spine_of_a_shortcut_without_weights_is_cut() {
    let place = Place::new();
    let record = place.run(&place.channels("l2", 0.5), "out.onnx").unwrap();
    let model = place.open("out.onnx");
    let pad = node(&model, "s2");
    let place_of = model.coupling.place(pad, Slot::Out(0)).unwrap();
    let widths = model.coupling.places()[place_of as usize].shape.clone();
    assert!(widths[1] < 16, "{widths:?}");
    assert!(record.groups.iter().any(|group| group.name.starts_with("stem") && group.cut > 0));
}

#[test]
fn a_weight_behind_a_transpose_is_scored_and_cut() {
    let mut net = networks::Builder::new();
    net.weight("in.weight", &[6, 3]);
    net.node("in.turned", "Transpose", &["in.weight"], vec![]);
    net.node("y", "MatMul", &["x", "in.turned"], vec![]);
    net.node("a", "Relu", &["y"], vec![]);
    net.weight("out.weight", &[2, 6]);
    net.node("out.turned", "Transpose", &["out.weight"], vec![ints("perm", &[1, 0])]);
    net.node("z", "MatMul", &["a", "out.turned"], vec![]);
    let place = Place::of(&net.finish(&[3], "z", 2));
    let model = place.open("net.onnx");
    let shapes: Vec<(&str, usize)> =
        model.layers.iter().map(|layer| (layer.name.as_str(), layer.out_axis)).collect();
    assert_eq!(shapes, [("in", 0), ("out", 0)]);
    let norms: Vec<f64> = weight(&model, "in.weight").chunks(3).map(norm).collect();
    place.run(&place.channels("l2", 0.5), "out.onnx").unwrap();
    let kept = weight(&place.open("out.onnx"), "in.weight");
    let mut order: Vec<usize> = (0..6).collect();
    order.sort_by(|a, b| norms[*b].total_cmp(&norms[*a]));
    let mut best = order[..3].to_vec();
    best.sort_unstable();
    let all = weight(&model, "in.weight");
    let expect: Vec<f32> = best.iter().flat_map(|row| all[row * 3..row * 3 + 3].to_vec()).collect();
    assert_eq!(kept, expect);
}

#[test]
fn channels_that_no_layer_makes_are_scored_by_what_reads_them() {
    // The weights of two products are parts of one constant.
    let mut net = networks::Builder::new();
    net.weight("both.weight", &[3, 12]);
    net.integers("sizes", &[6, 6]);
    net.graph_node("Split", &["both.weight", "sizes"], &["left", "right"], vec![int("axis", 1)]);
    net.node("y", "MatMul", &["x", "left"], vec![]);
    net.node("g", "MatMul", &["x", "right"], vec![]);
    net.node("a", "Mul", &["y", "g"], vec![]);
    net.weight("out.weight", &[6, 2]);
    net.node("z", "MatMul", &["a", "out.weight"], vec![]);
    let place = Place::of(&net.finish(&[3], "z", 2));
    let before = place.open("net.onnx");
    place.run(&place.channels("l2", 0.5), "out.onnx").unwrap();
    let after = place.open("out.onnx");
    assert_eq!(after.costs(None).macs * 2, before.costs(None).macs);
    let rows = |model: &Model| -> Vec<Vec<f32>> {
        weight(model, "out.weight").chunks(2).map(<[f32]>::to_vec).collect()
    };
    let mut best = rows(&before);
    best.sort_by(|a, b| norm(b).total_cmp(&norm(a)));
    assert!(rows(&after).iter().all(|row| best[..3].contains(row)));
}

#[test]
fn the_rest_is_planned_again_around_a_node_that_cannot_follow() {
    let mut net = networks::Builder::new();
    net.node("shape", "Shape", &["x"], vec![]);
    net.weight("in.weight", &[3, 8]);
    net.node("y", "MatMul", &["x", "in.weight"], vec![]);
    // A row for every image: how many there are is known during a run only.
    net.integers("zero", &[0]);
    net.node("batch", "Gather", &["shape", "zero"], vec![]);
    net.integers("rest", &[1, 8]);
    net.node("to", "Concat", &["batch", "rest"], vec![int("axis", 0)]);
    net.weight("row", &[1, 1, 8]);
    net.node("rows", "Expand", &["row", "to"], vec![]);
    net.node("all", "Concat", &["rows", "y"], vec![int("axis", 1)]);
    net.weight("middle.weight", &[8, 6]);
    net.node("m", "MatMul", &["all", "middle.weight"], vec![]);
    net.node("a", "Relu", &["m"], vec![]);
    net.weight("out.weight", &[6, 2]);
    net.node("z", "MatMul", &["a", "out.weight"], vec![]);
    let mut model = net.finish(&[5, 3], "z", 2);
    model.graph.as_mut().unwrap().output[0].r#type = None;
    let place = Place::of(&model);
    let record = place.run(&place.channels("l2", 0.5), "out.onnx").unwrap();
    assert!(record.warnings.iter().any(|text| text.contains("rows (Expand)")));
    let after = place.open("out.onnx");
    assert_eq!(weight(&after, "in.weight").len(), 24);
    assert_eq!(weight(&after, "middle.weight").len(), 24);
}

fn weight(model: &Model, name: &str) -> Vec<f32> {
    let value = model.graph().values().iter().find(|value| value.name == name).unwrap();
    match &value.origin {
        Origin::Weight(stored) => stored.to_f32().unwrap(),
        Origin::Constant(_) | Origin::Input | Origin::Node(_) => panic!("{name} is no weight"),
    }
}

#[test]
fn a_part_of_images_whose_classes_take_turns_holds_all_classes() {
    let place = Place::new();
    let model = place.open("net.onnx");
    let wishes = Wishes { samples: Some(16), ..Wishes::default() };
    let images = Images::open(&place.path("images.bin"), &wishes, &model.shapes[0]).unwrap();
    assert_eq!(images.len(), 16);
    let mut classes = images.labels.clone();
    classes.sort_unstable();
    classes.dedup();
    assert_eq!(classes, [0, 1, 2, 3]);
}
