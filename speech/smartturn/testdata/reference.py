"""Writes reference.txt: what Python computes for the clips of services/stt/testdata/speech.

usage: reference.py FOLDER-WITH-THE-UNPACKED-WHEEL-OF-pipecat-ai >reference.txt
Needs numpy and onnxruntime.
"""
import importlib.util, pathlib, sys, wave
import numpy, onnxruntime

wheel = pathlib.Path(sys.argv[1]) / "pipecat/audio/turn/smart_turn"
clips = pathlib.Path(__file__).parents[3] / "services/stt/testdata/speech"
spec = importlib.util.spec_from_file_location("features", wheel / "_whisper_features.py")
features = importlib.util.module_from_spec(spec)
spec.loader.exec_module(features)
onnxruntime.disable_telemetry_events()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
model = onnxruntime.InferenceSession(str(wheel / "data/smart-turn-v3.2-cpu.onnx"), options, providers=["CPUExecutionProvider"])

print("# clip, or all after each other, samples from its beginning, probability, and of the 64000 features each 499th;")
print(f"# pipecat-ai 1.14.0, onnxruntime {onnxruntime.__version__}, numpy {numpy.__version__}: testdata/reference.py")


def read(path):
    with wave.open(str(path)) as w:
        return numpy.frombuffer(w.readframes(w.getnframes()), numpy.int16).astype(numpy.float32) / 32768


def judge(name, audio):
    window = audio[-128000:]
    window = numpy.concatenate([numpy.zeros(128000 - len(window), numpy.float32), window])
    mel = features.compute_whisper_log_mel_features(window)
    probability = model.run(None, {"input_features": mel[None]})[0].item()
    print(name, len(audio), f"{probability:.3f}", *(f"{v:.5f}" for v in mel.ravel()[::499]))


paths = sorted(clips.glob("*.wav"))
for path in paths:
    audio = read(path)
    judge(path.name, audio)
    judge(path.name, audio[: len(audio) // 2])
judge(paths[0].name, audio[:0])
judge("*.wav", numpy.concatenate([read(path) for path in paths]))
