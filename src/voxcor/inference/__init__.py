"""The network on ONNX Runtime: sessions, windows over long audio, passes gathered into batches."""
