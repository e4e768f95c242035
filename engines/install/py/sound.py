"""WAV files as numbers."""
import struct

import numpy

RATE = 16000  # of everything that listens
FLOAT, EXTENSIBLE = 3, 0xFFFE
SCALE = {8: ("u1", 128, 128), 16: ("<i2", 0, 32768), 32: ("<i4", 0, 2147483648)}  # type, zero, full scale


def read_wav(data):
    """The samples of a WAV file, mono at RATE, from -1 to 1. A file whose header does not know its length is read to its end."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("not a WAV file, the only kind that is read")
    at, form = 12, None
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            form = (struct.unpack_from("<H", body, 24)[0] if code == EXTENSIBLE and len(body) >= 26 else code), channels, rate, bits
        elif name == b"data" and form:
            return resample(mono(body, *form), form[2])
        at += 8 + size + size % 2
    raise ValueError("a WAV file without audio")


def mono(body, code, channels, rate, bits):
    if channels < 1 or not 1000 <= rate <= 384000:
        raise ValueError(f"a WAV file of {channels} channels at {rate} Hz")
    if code == FLOAT and bits == 32:
        kind, zero, scale = "<f4", 0, 1
    elif code == 1 and bits in SCALE:
        kind, zero, scale = SCALE[bits]
    else:
        raise ValueError(f"a WAV file of kind {code} with {bits} bits: 16 bit PCM is read everywhere")
    frame = channels * bits // 8
    samples = numpy.frombuffer(body[: len(body) // frame * frame], kind).astype(numpy.float32)
    return ((samples - zero) / scale).reshape(-1, channels).mean(axis=1, dtype=numpy.float32)


def resample(samples, rate):
    """Samples at RATE, with nothing above half of it."""
    if rate == RATE or not len(samples):
        return samples
    spectrum, length = numpy.fft.rfft(samples), max(1, round(len(samples) * RATE / rate))
    return (numpy.fft.irfft(spectrum, length) * (length / len(samples))).astype(numpy.float32)
