"""A model without its values becomes JSON and a model again: the same paths, keys and weights."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings

import nnscratch as nn
from nnscratch.layers.arguments import ArgumentError
from nnscratch.runs.blueprint import Blueprint, read, write
from nnscratch.runs.descriptions import CLASSES, Writer, foreign
from nnscratch.runs.errors import RunError
from nnscratch.testing.cases import CASES
from nnscratch.training.compiled import compile_graph
from tests.backends import BACKEND
from tests.nets import assert_same_bits, contents, conv_net, images
from tests.testing.test_random_graphs import build, programs


def there_and_back(model):
    """The model that is made of the model's JSON, and both its documents."""
    document, arrays = write(Blueprint.of(model))
    text = json.dumps(document)
    again = read(json.loads(text), arrays)
    rewritten, _ = write(again)
    assert json.dumps(rewritten) == text
    return again.build()


def assert_same_graph(found, expected):
    assert list(found.keys.values()) == list(expected.keys.values())
    weights = [
        [(w.path, w.param.shape, w.param.trainable) for w in g.weights] for g in (found, expected)
    ]
    assert weights[0] == weights[1]
    assert [s.shape for s in found.outputs] == [s.shape for s in expected.outputs]
    assert list(found.input_names.values()) == list(expected.input_names.values())


def assert_same_model(found, expected):
    """Down to the bits of a step."""
    assert_same_graph(found.graph, expected.graph)
    found.restore(expected.snapshot()._replace(compiled=found.compiled))
    x, y = images(4)
    y = y[:, None] if expected.graph.outputs[0].shape == (1,) else y
    xs = [x] * len(expected.graph.inputs)
    steps = [model.train_step(xs, y) for model in (found, expected)]
    assert_same_bits(*map(contents, steps))


def compiled(model, loss="sparse_categorical_crossentropy", **options):
    model.compile(options.pop("optimizer", "adam"), loss, **options)
    return model


def embedder(name=None):
    layers = [
        nn.Input((6, 6, 1)),
        nn.Conv2D(2, 3, activation=nn.PReLU()),
        nn.BatchNormalization(momentum=np.float32(0.5)),
        nn.Conv2D(2, (2, 2), activation="elu", use_bias=False),
        nn.Flatten(),
    ]
    return nn.Sequential(layers, name=name)


def siamese(named="embedder", depth=1):
    """Two inputs, a nested network that is called twice, and that may itself hold another one."""
    inner = embedder(named)
    if depth == 2:
        x = nn.Input((6, 6, 1))
        inner = nn.Model(x, nn.Dense(3, activation="tanh")(inner(x)), name="outer")
    a, b = nn.Input((6, 6, 1), name="left"), nn.Input((6, 6, 1))
    y = nn.L1Distance()([inner(a), inner(b)])
    model = nn.Model([a, b], nn.Dense(1, activation="sigmoid")(y), backend=BACKEND, seed=1)
    return compiled(model, "binary_crossentropy", metrics=["accuracy"])


def shared_activation():
    x = nn.Input((6, 6, 1))
    elu = nn.ELU(0.5)
    y = nn.Conv2D(2, 3, activation=elu, name="a")(x)
    y = nn.Flatten()(nn.Conv2D(2, 3, activation=elu, name="b")(y))
    return compiled(nn.Model(x, nn.Dense(3, activation="softmax")(y), backend=BACKEND, seed=0))


def layer_twice_with_options():
    """Arrays and descriptions among the arguments; one layer called twice, inside an Activation."""
    square = np.arange(9, dtype=np.int32).reshape(3, 3, 1, 1)
    conv = nn.Conv2D(
        filters=np.int64(1),
        kernel_size=[3, 3],
        padding="SAME",
        kernel_initializer=square,
        bias_initializer=nn.initializers.Constant(0.25),
        kernel_regularizer=nn.regularizers.L1L2(0.1, 0.2),
        kernel_constraint=nn.constraints.MaxNorm(2, axis=[0, 1, 2]),
    )
    x = nn.Input((6, 6, 1))
    y = nn.Activation(nn.LeakyReLU(0.1))(conv(conv(x)))
    y = nn.Dense(3, "softmax", kernel_initializer=nn.initializers.GlorotUniform(seed=3))(
        nn.Flatten()(nn.Dropout(0.5, seed=2)(y))
    )
    schedule = nn.schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.01, 0.001])
    optimizer = nn.AdamW(schedule, exclude_from_weight_decay=["*/bias"], clipnorm=1)
    loss = nn.losses.SparseCategoricalCrossentropy(epsilon=1e-6)
    model = nn.Model(x, y, backend=BACKEND, seed=0, dtype="float64", exact=True)
    return compiled(model, loss, optimizer=optimizer, metrics=["acc", nn.metrics.ClassAccuracy()])


MODELS = {
    "chain": conv_net,
    "siamese": siamese,
    "unnamed": lambda: siamese(None),
    "deep": lambda: siamese(depth=2),
    "shared activation": shared_activation,
    "options": layer_twice_with_options,
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_model_comes_back(make):
    model = make()
    assert_same_model(there_and_back(model), model)


def test_sharing_comes_back():
    layers = there_and_back(shared_activation()).graph.layers
    assert layers["a"].activation is layers["b"].activation
    assert layers["a"].activation.alpha == 0.5
    graph = there_and_back(siamese()).graph
    assert list(graph.layers)[:3] == [
        "embedder/conv2d",
        "embedder/conv2d/prelu",
        "embedder/batch_normalization",
    ]


def test_part_of_a_nested_network_that_nobody_reads_comes_back():
    x = nn.Input((6, 6, 1))
    flat = nn.Flatten()(x)
    two = nn.Model(x, [nn.Dense(3, "softmax")(flat), nn.Dense(2)(flat)], name="two")
    model = compiled(nn.Model(x, two(x)[0], backend=BACKEND, seed=0))
    assert_same_model(there_and_back(model), model)


@pytest.mark.parametrize(
    "case", [case for case in CASES if not isinstance(case.layer, nn.Lambda)], ids=str
)
def test_every_layer_comes_back(case):
    inputs = [nn.Input(shape) for shape in case.in_shapes]
    model = nn.Model(inputs, case.layer(*inputs), backend=BACKEND, dtype="float64", seed=0)
    model.compile("sgd", "mse")
    assert_same_graph(there_and_back(model).graph, model.graph)


@settings(max_examples=60, deadline=None)
@given(program=programs)
def test_any_graph_comes_back(program):
    graph = build(program, shared=True)
    losses = compile_graph(graph, "sgd", "mse", None, None)
    blueprint = Blueprint(graph, "numpy", "float64", 0, True, None, losses)
    document, arrays = write(blueprint)
    assert_same_graph(read(json.loads(json.dumps(document)), arrays).graph, graph)


def samples():
    """Every description that is no layer, made without arguments or with these."""
    given_arguments = {
        "initializers.Array": (np.arange(3.0),),
        "schedules.Constant": (0.1,),
        "schedules.ExponentialDecay": (0.1, 10, 0.5),
        "schedules.CosineDecay": (0.1, 10),
        "schedules.InverseTimeDecay": (0.1, 10, 0.5),
        "schedules.PolynomialDecay": (0.1, 10),
        "schedules.PiecewiseConstantDecay": ([3], [0.1, 0.2]),
    }
    for name, kind in CLASSES.items():
        if not issubclass(kind, nn.Layer) and name != "losses.CustomLoss":
            yield pytest.param(kind, given_arguments.get(name, ()), id=name)


@pytest.mark.parametrize(("kind", "given_arguments"), list(samples()))
def test_every_class_is_known_by_its_arguments(kind, given_arguments):
    value, writer = kind(*given_arguments), Writer({})
    document = writer.description(value)
    assert list(foreign(document)) == []
    config = {
        name: writer.arrays[item["array"]] if isinstance(item, dict) else item
        for name, item in document["config"].items()
    }
    assert repr(kind(**config)) == repr(value)


# -- what is somebody's own -----------------------------------------------------------------------


class Twice(nn.Layer):
    def __init__(self, factor=2.0, *, name=None):
        super().__init__(name=name)
        self.factor = factor

    def spec(self, *in_shapes):
        return nn.Spec(in_shapes[0])

    def forward(self, ctx, params, state, *xs):
        return nn.Output(self.factor * xs[0])

    def backward(self, ctx, params, cache, dy):
        return nn.Gradients((self.factor * dy,))


class Dense(nn.Dense):
    """Called like one of nnscratch's own."""


def net(*layers, **options):
    model = nn.Sequential([nn.Input((6, 6, 1)), nn.Flatten(), *layers], backend=BACKEND, seed=0)
    return compiled(model, "mse", **options)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (lambda: net(Twice()), "Twice"),
        (lambda: net(Dense(2)), "Dense"),
        (lambda: net(nn.Dense(2, activation=Twice())), "Twice"),
        (lambda: net(nn.Lambda(np.negative, lambda dy, x: -dy)), "function <lambda>"),
        (lambda: net(nn.Dense(2, kernel_constraint=abs)), "function abs"),
        (lambda: net(nn.Dense(2), optimizer=nn.SGD(lambda i: 0.1 / (i + 1))), "function"),
    ],
)
def test_parts_of_your_own_are_named(model, names):
    document, arrays = write(Blueprint.of(model()))
    with pytest.raises(
        RunError, match=rf"parts of your own \(.*{names}.*nn\.Run\.open\(folder, model="
    ):
        read(json.loads(json.dumps(document)), arrays)


def test_parts_of_your_own_are_told_apart_by_their_arguments():
    documents = [write(Blueprint.of(net(Twice(factor))))[0] for factor in (2.0, 2.0, 3.0)]
    assert documents[0] == documents[1] != documents[2]


# -- what describes no model ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("layers"),
        lambda d: d["layers"]["dense"].update({"class": "os.system"}),
        lambda d: d["layers"]["dense"].update({"class": "optimizers.SGD"}),
        lambda d: d["layers"]["dense"]["config"].update(units=-1),
        lambda d: d["layers"]["dense"]["config"].update(unit=1),
        lambda d: d["layers"]["dense"]["config"].update(activation={"layer": "dense"}),
        lambda d: d["layers"]["flatten"].update({"activation_of": "dense"}),
        lambda d: d["layers"]["conv2d/elu"].update({"activation_of": "flatten"}),
        lambda d: d["graphs"].clear(),
        lambda d: d["graphs"][0]["calls"].pop(0),
        lambda d: d["graphs"][0]["calls"][0].update(scope=0),
        lambda d: d["graphs"][0]["calls"][0].update(inputs=[99]),
        lambda d: d["graphs"][0]["inputs"][0].update(shape=[0]),
        lambda d: d["optimizer"]["config"].update(learning_rate="fast"),
        lambda d: d["losses"][0].update(loss=None),
        lambda d: d.update(losses=3),
    ],
)
def test_what_describes_no_model_is_refused(change):
    document, arrays = write(Blueprint.of(conv_net()))
    document = json.loads(json.dumps(document))
    change(document)
    with pytest.raises(RunError, match="cannot be made again"):
        read(document, arrays)


def test_description_of_another_kind_is_named():
    document, arrays = write(Blueprint.of(conv_net()))
    document["layers"]["flatten"]["class"] = "initializers.Zeros"
    with pytest.raises(RunError, match=r"'initializers\.Zeros' is no layer of nnscratch"):
        read(document, arrays)


def test_arguments_are_checked_as_anybody_s():
    document, arrays = write(Blueprint.of(conv_net()))
    document["layers"]["dense"]["config"]["units"] = 0
    with pytest.raises(RunError) as caught:
        read(document, arrays)
    assert isinstance(caught.value.__cause__, ArgumentError)
