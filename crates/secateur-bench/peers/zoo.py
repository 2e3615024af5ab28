"""Exports small networks of many kinds with both exporters of PyTorch, prunes them, and checks what comes out.

    cargo build --release -p secateur-cli
    python zoo.py                             # all, a table and every failure
    python zoo.py --only densenet,vit         # networks whose names begin so
    python zoo.py --exporters script,dynamo   # of script, dynamo, dynamo-raw

Weights are random, statistics of batch normalization are moved a little, the first axis of every input is open.
Exports are kept under target/zoo and made once (--fresh makes them anew). A network passes when `inspect` finds at
least as many groups as the table below says, and each of `--sparsity 0.3` and `--target macs=0.7` writes a file
that passes the full check of onnx, loads in ONNX Runtime, runs there with 1 and 3 samples, gives what secateur
gives (1e-4), costs less, is smaller, has no initializer that nothing uses and has its open dimensions still open.
"""

import argparse
import copy
import json
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from torch import nn

ROOT = Path(__file__).resolve().parents[3]
TOLERANCE = 1e-4


# Networks in plain PyTorch.


def conv(i, o, k=3, s=1, groups=1, act=nn.ReLU):
    parts = [nn.Conv2d(i, o, k, s, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*parts, *([act()] if act else []))


class OptionA(nn.Module):
    """A block of ResNet-56 whose shortcut takes every second pixel and pads channels."""

    def __init__(self, i, o, s):
        super().__init__()
        self.a, self.b, self.i, self.o, self.s = conv(i, o, 3, s), conv(o, o, act=None), i, o, s

    def forward(self, x):
        y = self.b(self.a(x))
        if self.s != 1:
            pad = (self.o - self.i) // 2
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, pad, pad))
        return F.relu(x + y)


class Head(nn.Module):
    def __init__(self, body, channels, classes=10):
        super().__init__()
        self.body, self.fc = body, nn.Linear(channels, classes)

    def forward(self, x):
        return self.fc(self.body(x).mean((2, 3)))


def resnet56a():
    blocks, i = [conv(3, 16)], 16
    for o in (16, 32, 64):
        for at in range(2):
            blocks.append(OptionA(i, o, 2 if o != i else 1))
            i = o
    return Head(nn.Sequential(*blocks), 64)


def vgg():
    layers, i = [], 3
    for o in (16, "M", 32, "M", 64, 64, "M"):
        layers += [nn.MaxPool2d(2)] if o == "M" else [nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU()]
        i = i if o == "M" else o
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(64 * 16, 64), nn.ReLU(),
                         nn.Dropout(), nn.Linear(64, 10))


class Inception(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.a, self.b = conv(i, 8, 1), nn.Sequential(conv(i, 8, 1), conv(8, 12, 3))
        self.c, self.d = nn.Sequential(conv(i, 4, 1), conv(4, 8, 5)), nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(i, 4, 1))
        self.out = 32

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


def mobilenet_v1():
    layers, i = [conv(3, 16, 3, 2)], 16
    for o, s in ((32, 1), (64, 2), (64, 1), (128, 2)):
        layers += [conv(i, i, 3, s, groups=i), conv(i, o, 1)]
        i = o
    return Head(nn.Sequential(*layers), 128)


class ConvNeXt(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.depth, self.norm = nn.Conv2d(c, c, 7, padding=3, groups=c), nn.LayerNorm(c)
        self.a, self.b = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)
        self.scale = nn.Parameter(torch.full((c,), 0.3))

    def forward(self, x):
        y = self.norm(self.depth(x).permute(0, 2, 3, 1))
        y = self.scale * self.b(F.gelu(self.a(y)))
        return x + y.permute(0, 3, 1, 2)


class UNet(nn.Module):
    def __init__(self, resize=False):
        super().__init__()
        self.a, self.b, self.c = conv(3, 16), conv(16, 32), conv(32, 64)
        self.up_b = nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), conv(64, 32)) if resize \
            else nn.ConvTranspose2d(64, 32, 2, 2)
        self.up_a = nn.ConvTranspose2d(32, 16, 2, 2)
        self.d, self.e, self.out, self.resize = conv(64, 32), conv(32, 16), nn.Conv2d(16, 4, 1), resize

    def forward(self, x):
        a = self.a(x)
        b = self.b(F.max_pool2d(a, 2))
        y = self.d(torch.cat([self.up_b(self.c(F.max_pool2d(b, 2))), b], 1))
        up = F.interpolate(y, size=a.shape[2:], mode="bilinear", align_corners=False)[:, :16] if self.resize \
            else self.up_a(y)
        return self.out(self.e(torch.cat([up, a], 1)))


def group_norm(kind):
    norm = {"group": lambda c: nn.GroupNorm(4, c), "instance": lambda c: nn.InstanceNorm2d(c, affine=True)}[kind]
    layers, i = [], 3
    for o in (16, 32, 32):
        layers += [nn.Conv2d(i, o, 3, padding=1), norm(o), nn.SiLU()]
        i = o
    return Head(nn.Sequential(*layers), 32)


class Attention(nn.Module):
    """Attention as timm has it: one product for q, k and v, split by a reshape to [B, N, 3, H, d]."""

    def __init__(self, c, heads, fused=True):
        super().__init__()
        self.heads, self.qkv, self.out, self.fused = heads, nn.Linear(c, 3 * c), nn.Linear(c, c), fused

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = ((q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1)).softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self, c, heads, attention):
        super().__init__()
        self.a, self.b, self.attention = nn.LayerNorm(c), nn.LayerNorm(c), attention
        self.mlp = nn.Sequential(nn.Linear(c, 2 * c), nn.GELU(), nn.Linear(2 * c, c))

    def forward(self, x):
        x = x + self.attention(self.a(x))
        return x + self.mlp(self.b(x))


class DeiT(nn.Module):
    def __init__(self, fused=True, c=32, heads=4):
        super().__init__()
        self.patch = nn.Conv2d(3, c, 8, 8)
        self.cls, self.pos = nn.Parameter(torch.randn(1, 1, c)), nn.Parameter(torch.randn(1, 17, c))
        self.blocks = nn.Sequential(*[Block(c, heads, Attention(c, heads, fused)) for _ in range(2)])
        self.norm, self.head = nn.LayerNorm(c), nn.Linear(c, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        return self.head(self.norm(self.blocks(x))[:, 0])


class RMSNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(c))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))


def rotate_half(x):
    a, b = x.chunk(2, -1)
    return torch.cat([-b, a], -1)


class LlamaBlock(nn.Module):
    def __init__(self, c, heads, kv):
        super().__init__()
        self.heads, self.kv, self.d = heads, kv, c // heads
        self.q, self.k, self.v = (nn.Linear(c, n * self.d, bias=False) for n in (heads, kv, kv))
        self.o = nn.Linear(c, c, bias=False)
        self.gate, self.up, self.down = (nn.Linear(*s, bias=False) for s in ((c, 3 * c), (c, 3 * c), (3 * c, c)))
        self.a, self.b = RMSNorm(c), RMSNorm(c)

    def forward(self, x, cos, sin):
        b, n, c = x.shape
        y = self.a(x)
        split = lambda t, h: t.view(b, n, h, self.d).transpose(1, 2)
        q, k, v = split(self.q(y), self.heads), split(self.k(y), self.kv), split(self.v(y), self.kv)
        q, k = (t * cos + rotate_half(t) * sin for t in (q, k))
        times = self.heads // self.kv
        repeat = lambda t: t[:, :, None].expand(b, self.kv, times, n, self.d).reshape(b, self.heads, n, self.d)
        y = F.scaled_dot_product_attention(q, repeat(k), repeat(v), is_causal=True)
        x = x + self.o(y.transpose(1, 2).reshape(b, n, c))
        y = self.b(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(nn.Module):
    def __init__(self, c=32, heads=4, kv=2, tied=False, length=12):
        super().__init__()
        self.embed = nn.Embedding(50, c)
        self.blocks = nn.ModuleList([LlamaBlock(c, heads, kv) for _ in range(2)])
        self.norm, self.head = RMSNorm(c), nn.Linear(c, 50, bias=False)
        if tied:
            self.head.weight = self.embed.weight
        d = c // heads
        angle = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
        angle = torch.cat([angle, angle], -1)
        self.register_buffer("cos", angle.cos()), self.register_buffer("sin", angle.sin())

    def forward(self, ids):
        x = self.embed(ids)
        n = ids.shape[1]
        for block in self.blocks:
            x = block(x, self.cos[:n], self.sin[:n])
        return self.head(self.norm(x))


def activations():
    acts = (nn.PReLU(16), nn.LeakyReLU(0.1), nn.Hardtanh(), nn.ELU(), nn.Mish(), nn.PReLU(), nn.Softplus(),
            nn.Hardswish())
    layers = [nn.Conv2d(3, 16, 3, padding=1)]
    for act in acts:
        layers += [act, nn.Conv2d(16, 16, 3, padding=1)]
    return Head(nn.Sequential(*layers), 16)


def pixel_shuffle():
    return nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.PixelShuffle(2),
                         nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 12, 3, padding=1), nn.PixelShuffle(2))


def one_axis():
    return nn.Sequential(nn.Conv1d(4, 16, 5, padding=2), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2),
                         nn.Conv1d(16, 16, 3, padding=2, dilation=2, groups=4), nn.ReLU(), nn.Conv1d(16, 24, 3, 2),
                         nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(24, 6))


def three_axes():
    return nn.Sequential(nn.Conv3d(2, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ReLU(), nn.MaxPool3d(2),
                         nn.Conv3d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(),
                         nn.Linear(16, 5))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.a, self.b = nn.Conv1d(4, 16, 3, padding=1), nn.Conv1d(16, 12, 3, padding=1)
        self.rnn, self.c, self.d = kind(12, 8, batch_first=True), nn.Linear(8, 16), nn.Linear(16, 5)

    def forward(self, x):
        y, _ = self.rnn(F.relu(self.b(F.relu(self.a(x)))).transpose(1, 2))
        return self.d(F.relu(self.c(y)))


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(3, 16), conv(16, 24, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc = nn.Linear(24, 8)

    def forward(self, a, b):
        a, b = self.body(a), self.body(b)
        return self.fc((a - b).abs())


class Several(nn.Module):
    """Two inputs of different kinds, three outputs, one of them of the middle."""

    def __init__(self):
        super().__init__()
        self.image, self.numbers = conv(3, 16), nn.Sequential(nn.Linear(7, 16), nn.ReLU())
        self.middle, self.classes, self.boxes = conv(16, 16), nn.Linear(16, 5), nn.Conv2d(16, 4, 1)
        self.side = conv(16, 8)

    def forward(self, x, n):
        x = self.image(x) * torch.sigmoid(self.numbers(n))[:, :, None, None]
        x = self.middle(x)
        return self.classes(x.mean((2, 3))), self.boxes(x), self.side(x)


class Mixer(nn.Module):
    """An MLP over places and one over channels."""

    def __init__(self, n=16, c=24):
        super().__init__()
        self.patch, self.a, self.b = nn.Conv2d(3, c, 8, 8), nn.LayerNorm(c), nn.LayerNorm(c)
        self.places = nn.Sequential(nn.Linear(n, 20), nn.GELU(), nn.Linear(20, n))
        self.channels = nn.Sequential(nn.Linear(c, 40), nn.GELU(), nn.Linear(40, c))
        self.head = nn.Linear(c, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = x + self.places(self.a(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.channels(self.b(x))
        return self.head(x.mean(1))


class Swin(nn.Module):
    """Attention inside windows."""

    def __init__(self, c=24, heads=3, window=4):
        super().__init__()
        self.patch, self.w, self.head = nn.Conv2d(3, c, 4, 4), window, nn.Linear(c, 10)
        self.block = Block(c, heads, Attention(c, heads, False))

    def forward(self, x):
        x = self.patch(x).permute(0, 2, 3, 1)
        b, h, w, c = x.shape
        x = torch.roll(x, (-2, -2), (1, 2))
        x = x.view(b, h // self.w, self.w, w // self.w, self.w, c).permute(0, 1, 3, 2, 4, 5)
        x = self.block(x.reshape(-1, self.w * self.w, c))
        x = x.view(b, h // self.w, w // self.w, self.w, self.w, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        return self.head(x.mean((1, 2)))


class Gated(nn.Module):
    """Halves of one layer that gate each other."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = conv(3, 32, act=None), conv(16, 32, act=None), conv(16, 16), nn.Linear(16, 10)

    def forward(self, x):
        x = F.glu(self.a(x), 1)
        y, g = self.b(x).chunk(2, 1)
        return self.d(self.c(y * torch.sigmoid(g)).amax((2, 3)))


class Cross(nn.Module):
    """An encoder, and a decoder layer that looks at it, by nn.Transformer layers."""

    def __init__(self, c=32):
        super().__init__()
        self.embed = nn.Linear(6, c)
        self.encoder = nn.TransformerEncoderLayer(c, 4, 48, batch_first=True)
        self.decoder = nn.TransformerDecoderLayer(c, 4, 48, batch_first=True)
        self.head = nn.Linear(c, 5)

    def forward(self, x, y):
        return self.head(self.decoder(self.embed(y), self.encoder(self.embed(x))))


class Hugging(nn.Module):
    def __init__(self, model, of):
        super().__init__()
        self.model, self.of = model, of

    def forward(self, ids):
        return getattr(self.model(input_ids=ids, use_cache=False) if self.of == "logits"
                       else self.model(input_ids=ids), self.of)


def bert():
    from transformers import BertConfig, BertModel
    config = BertConfig(vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                        intermediate_size=48, max_position_embeddings=32)
    return Hugging(BertModel(config), "pooler_output")


def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel
    config = GPT2Config(vocab_size=60, n_positions=32, n_embd=32, n_layer=2, n_head=4)
    return Hugging(GPT2LMHeadModel(config), "logits")


def llama():
    from transformers import LlamaConfig, LlamaForCausalLM
    config = LlamaConfig(vocab_size=60, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=32)
    return Hugging(LlamaForCausalLM(config), "logits")


def vision(make):
    def built():
        from torchvision import models
        return make(models)
    return built


def inverted(models):
    from torchvision.models.mobilenetv3 import InvertedResidualConfig as C
    layers = [C(16, 3, 16, 16, True, "RE", 2, 1, 1), C(16, 3, 72, 24, False, "RE", 2, 1, 1),
              C(24, 5, 96, 40, True, "HS", 2, 1, 1), C(40, 5, 240, 40, True, "HS", 1, 1, 1)]
    return models.MobileNetV3(layers, 128, num_classes=10)


def efficient(models):
    from torchvision.models.efficientnet import MBConvConfig as C
    layers = [C(1, 3, 1, 32, 16, 1), C(6, 3, 2, 16, 24, 2), C(6, 5, 2, 24, 40, 1)]
    return models.EfficientNet(layers, 0.0, num_classes=10)


def vit(models):
    return models.VisionTransformer(image_size=32, patch_size=8, num_layers=2, num_heads=4, hidden_dim=32, mlp_dim=48,
                                    num_classes=10)


class Zoo:
    """A network: how it is made, shapes of its inputs (i before a size: token ids), the groups that it has, axes that
    are open beside the first, whether secateur carries a part of it that it cannot run, and how many groups there are where the exporter does not
    optimize and splits tensors by sequences, which secateur carries as well."""

    def __init__(self, make, *inputs, groups=1, open_axes=(), opaque=False, raw=None):
        self.make, self.inputs, self.groups, self.open_axes, self.opaque = make, inputs, groups, open_axes, opaque
        self.raw = raw


IMAGE = (3, 32, 32)
ZOO = {
    "resnet18": Zoo(vision(lambda m: m.resnet.ResNet(m.resnet.BasicBlock, [1, 2, 1, 1], num_classes=10)), IMAGE, groups=8),
    "resnet50": Zoo(vision(lambda m: m.resnet.ResNet(m.resnet.Bottleneck, [1, 2, 1, 1], num_classes=10, width_per_group=16)), IMAGE, groups=14),
    "resnext": Zoo(vision(lambda m: m.resnet.ResNet(m.resnet.Bottleneck, [1, 2, 1, 1], num_classes=10, groups=8, width_per_group=4)), IMAGE, groups=9),
    "resnet56a": Zoo(resnet56a, IMAGE, groups=7),
    "densenet-small": Zoo(vision(lambda m: m.DenseNet(8, (3, 4), 16, num_classes=10)), IMAGE, groups=15),
    "densenet121": Zoo(vision(lambda m: m.densenet121(num_classes=10)), IMAGE, groups=100),
    "densenet201": Zoo(vision(lambda m: m.densenet201(num_classes=10)), IMAGE, groups=190),
    "vgg": Zoo(vgg, IMAGE, groups=5),
    "squeezenet": Zoo(vision(lambda m: m.squeezenet1_1(num_classes=10)), (3, 64, 64), groups=20),
    "googlenet": Zoo(lambda: Head(nn.Sequential(conv(3, 16, 3, 2), Inception(16), nn.MaxPool2d(2), Inception(32)), 32), IMAGE, groups=13),
    "mobilenet1": Zoo(mobilenet_v1, IMAGE, groups=5),
    "mobilenet2": Zoo(vision(lambda m: m.mobilenet_v2(num_classes=10, width_mult=0.5)), (3, 64, 64), groups=24),
    "mobilenet3": Zoo(vision(inverted), (3, 64, 64), groups=10),
    "efficientnet": Zoo(vision(efficient), (3, 64, 64), groups=10),
    "shufflenet": Zoo(vision(lambda m: m.ShuffleNetV2([2, 2, 2], [24, 48, 96, 192, 256], num_classes=10)), (3, 64, 64), groups=10, raw=11),
    "regnet": Zoo(vision(lambda m: m.regnet_x_400mf(num_classes=10)), (3, 64, 64), groups=5),
    "convnext": Zoo(lambda: Head(nn.Sequential(nn.Conv2d(3, 24, 4, 4), ConvNeXt(24), nn.Conv2d(24, 32, 2, 2), ConvNeXt(32)), 32), IMAGE, groups=2),
    "unet": Zoo(UNet, IMAGE, groups=7),
    "unet-resize": Zoo(lambda: UNet(True), IMAGE, groups=6),
    "unet-open": Zoo(UNet, IMAGE, groups=7, open_axes=(2, 3)),
    "groupnorm": Zoo(lambda: group_norm("group"), IMAGE, groups=3),
    "instancenorm": Zoo(lambda: group_norm("instance"), IMAGE, groups=3),
    "vit": Zoo(vision(vit), IMAGE, groups=4),
    "deit": Zoo(DeiT, IMAGE, groups=4),
    "deit-plain": Zoo(lambda: DeiT(False), IMAGE, groups=4),
    "swin": Zoo(Swin, IMAGE, groups=2),
    "mixer": Zoo(Mixer, IMAGE, groups=2),
    "bert": Zoo(bert, "i12", groups=4),
    "gpt2": Zoo(gpt2, "i12", groups=4, raw=2),
    "llama": Zoo(Llama, "i12", groups=4, raw=2),
    "llama-tied": Zoo(lambda: Llama(tied=True), "i12", groups=4, raw=2),
    "llama-hf": Zoo(llama, "i12", groups=4),
    "cross": Zoo(Cross, (9, 6), (5, 6), groups=5, raw=4),
    "activations": Zoo(activations, IMAGE, groups=9),
    "pixelshuffle": Zoo(pixel_shuffle, IMAGE, groups=3),
    "gated": Zoo(Gated, IMAGE, groups=3, raw=2),
    "one-axis": Zoo(one_axis, (4, 40), groups=2),
    "three-axes": Zoo(three_axes, (2, 8, 8, 8), groups=2),
    "lstm": Zoo(lambda: Recurrent(nn.LSTM), (4, 20), groups=1, opaque=True),
    "gru": Zoo(lambda: Recurrent(nn.GRU), (4, 20), groups=1, opaque=True),
    "siamese": Zoo(Siamese, IMAGE, IMAGE, groups=2),
    "several": Zoo(Several, IMAGE, (7,), groups=2),
}


def sample(zoo, batch, seed=0):
    """Random inputs; other batches than that of the export have another size of open axes, too."""
    draw = torch.Generator().manual_seed(seed)
    grown = lambda s: tuple(n + 8 * (batch != 2 and at + 1 in zoo.open_axes) for at, n in enumerate(s))
    of = lambda s: torch.randint(0, 50, (batch, int(s[1:])), generator=draw) if isinstance(s, str) \
        else torch.randn(batch, *grown(s), generator=draw)
    return tuple(of(s) for s in zoo.inputs)


def export(name, zoo, exporter, path):
    torch.manual_seed(1)
    model = zoo.make().eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_(0, 0.1), module.running_var.uniform_(0.6, 1.4)
                module.weight.uniform_(0.6, 1.4), module.bias.normal_(0, 0.1)
    names = [f"input{at}" for at in range(len(zoo.inputs))]
    outputs = model(*sample(zoo, 2))
    outputs = [f"output{at}" for at in range(len(outputs) if isinstance(outputs, tuple) else 1)]
    args = dict(input_names=names, output_names=outputs, verbose=False)
    axes = {0: "batch", **{axis: f"size{axis}" for axis in zoo.open_axes}}
    if exporter == "script":
        axes = {n: axes for n in names + outputs}
        torch.onnx.export(model, sample(zoo, 2), path, dynamo=False, opset_version=17, dynamic_axes=axes, **args)
    else:
        dim = {axis: torch.export.Dim.DYNAMIC for axis in axes}
        batch = torch.export.Dim("batch")
        dim = {axis: batch if axis == 0 else torch.export.Dim.DYNAMIC for axis in axes}
        torch.onnx.export(model, sample(zoo, 2), path, dynamo=True, optimize=exporter == "dynamo", external_data=False,
                          dynamic_shapes=tuple(dim for _ in names), **args)


def dims(values):
    return [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values]


def used(graph):
    names = {v.name for v in graph.output}
    for node in graph.node:
        names |= set(node.input)
        for a in node.attribute:
            for inner in (a.g, *a.graphs):
                names |= used(inner)
    return names


def dead(model):
    return {t.name for t in model.graph.initializer} - used(model.graph)


class Checked:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, *args):
        env = dict(os.environ, RAYON_NUM_THREADS="1")
        return subprocess.run([str(self.program), *map(str, args)], capture_output=True, text=True, env=env)

    def written(self, zoo, before, path, record):
        """What is wrong with a written file, in words."""
        model, small = onnx.load(before), onnx.load(path)
        faults = []
        try:
            onnx.checker.check_model(str(path), full_check=True)
        except Exception as error:
            faults.append(f"onnx: {str(error).strip().splitlines()[-1][:160]}")
        if gone := dead(small) - dead(model):
            faults.append(f"dead initializers {sorted(gone)[:3]}")
        symbolic = lambda shapes: [[isinstance(d, str) for d in shape] for shape in shapes]
        for a, b in ((model.graph.input, small.graph.input), (model.graph.output, small.graph.output)):
            if symbolic(dims(a)) != symbolic(dims(b)):
                faults.append(f"open dimensions {dims(a)} became {dims(b)}")
        if record["macs"][1] >= record["macs"][0]:
            faults.append(f"MACs {record['macs']}")
        if path.stat().st_size >= before.stat().st_size:
            faults.append(f"{before.stat().st_size} bytes became {path.stat().st_size}")
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        try:
            session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            return [*faults, f"ONNX Runtime: {str(error)[:200]}"]
        for batch in (1, 3):
            names = [v.name for v in session.get_inputs()]
            inputs = {n: x.numpy() for n, x in zip(names, sample(zoo, batch, batch))}
            try:
                outputs = session.run(None, inputs)
            except Exception as error:
                faults.append(f"batch {batch}: {str(error)[:200]}")
                continue
            tensors = {v.name: np.ascontiguousarray(x) for v, x in zip(session.get_outputs(), outputs)}
            golden = path.with_suffix(f".{batch}.safetensors")
            save_file({**{n: np.ascontiguousarray(x) for n, x in inputs.items()}, **tensors}, str(golden))
            if zoo.opaque:
                continue
            found = self.run("verify", path, "--expect", golden, "--tolerance", TOLERANCE, "--json")
            if found.returncode:
                text = found.stderr.strip() or found.stdout
                try:
                    checks = [c for c in json.loads(found.stdout)["checks"] if not c["passed"]]
                    text = "; ".join(f"{c['name']} {c['detail']}" for c in checks)
                except Exception:
                    pass
                faults.append(f"batch {batch}, verify: {text[:300]}")
        return faults

    def check(self, name, exporter, zoo, path):
        """A row of the table, and what is wrong."""
        row, faults = [name, exporter], []
        found = self.run("inspect", path, "--json")
        if found.returncode:
            return [*row, "-", "-", "-"], [f"inspect: {found.stderr.strip()[:300]}"]
        seen = json.loads(found.stdout)
        groups = [g for g in seen["groups"] if g["made_by"] or g["read_by"]]
        row.append(f"{len(groups)} of {sum(g['channels'] for g in groups)}")
        if len(groups) < zoo.groups:
            frozen = [f"{l['name']}: {l['frozen']}" for l in seen["layers"] if l["frozen"]]
            faults.append(f"{len(groups)} groups, {zoo.groups} expected; " + "; ".join(frozen)[:1500])
        for what in (("--sparsity", "0.3"), ("--target", "macs=0.7")):
            out = path.with_name(path.stem + "-" + what[0][2:] + ".onnx")
            found = self.run("prune", path, "-o", out, "--granularity", "channel", "--align", "1", *what, "--method", "l2", "--force",
                             "--json")
            if found.returncode:
                row.append("refused")
                faults.append(f"prune {' '.join(what)}: {' '.join(found.stderr.split())[:400]}")
                continue
            record = json.loads(found.stdout)
            row.append(f"{100 * record['macs'][1] / record['macs'][0]:.0f} %")
            faults += [f"{what[0]}: {fault}" for fault in self.written(zoo, path, out, record)]
            faults += [f"{what[0]}: warning: {w}" for w in record["warnings"] if not zoo.opaque]
        return row, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--exporters", default="script,dynamo,dynamo-raw")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--export-only", action="store_true")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--program", type=Path, default=target / "release" / "secateur")
    parser.add_argument("--folder", type=Path, default=target / "zoo")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    args.folder.mkdir(parents=True, exist_ok=True)
    wanted = tuple(args.only.split(","))
    jobs, rows = [], {}
    for exporter in args.exporters.split(","):
        for name, zoo in ZOO.items():
            if not name.startswith(wanted):
                continue
            path = args.folder / f"{name}.{exporter}.onnx"
            refused = path.with_suffix(".refused")
            if args.fresh or not (path.exists() or refused.exists()):
                try:
                    export(name, zoo, exporter, str(path))
                except Exception as error:
                    # What an exporter cannot export is not for us to judge.
                    refused.write_text(str(error))
            if path.exists():
                if exporter == "dynamo-raw" and zoo.raw is not None:
                    zoo = copy.copy(zoo)
                    zoo.groups, zoo.opaque = zoo.raw, True
                jobs.append((name, exporter, zoo, path))
            else:
                text = " ".join(refused.read_text().split())[:80]
                rows[name, exporter] = ([name, exporter, "not exported", text, ""], [])
    if args.export_only:
        return
    checked = Checked(args.program, args.folder)
    with ThreadPoolExecutor(2) as pool:
        for job, result in zip(jobs, pool.map(lambda job: checked.check(*job), jobs)):
            rows[job[:2]] = result
    print(f"{'network':<16} {'exporter':<11} {'groups of channels':<19} {'30 %':>9} {'macs=0.7':>9}")
    failed = 0
    for name in ZOO:
        for (n, _), (row, faults) in rows.items():
            if n != name:
                continue
            failed += bool(faults)
            print(f"{row[0]:<16} {row[1]:<11} {row[2]:<19} {row[3]:>9} {row[4]:>9}  {'FAILED' if faults else 'ok'}")
            for fault in faults:
                print(f"    {fault}")
    print(f"{len(rows) - failed} of {len(rows)} pass")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
