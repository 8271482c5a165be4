/// A kind of file that is taken for safetensors, told by its first bytes.
public enum FileKind: Sendable, CaseIterable {
  case gitLFSPointer, html, xml, json
  case pyTorchZip, numPyZip, zip, pickle, numPy, tar
  case gguf, ggml, hdf5, messagePack, onnx, tfLite
  case gzip, zstd, xz, bzip2, lz4
  case zeros

  /// The kind with its article, as in "is a Git LFS pointer".
  public var noun: String {
    switch self {
    case .gitLFSPointer: "a Git LFS pointer"
    case .html: "an HTML page"
    case .xml: "an XML document"
    case .json: "a JSON document"
    case .pyTorchZip: "a PyTorch checkpoint (pickle in a zip archive)"
    case .numPyZip: "a NumPy archive (npz)"
    case .zip: "a zip archive"
    case .pickle: "a pickle file, such as an old PyTorch checkpoint"
    case .numPy: "a NumPy array (npy)"
    case .tar: "a tar archive"
    case .gguf: "a GGUF file"
    case .ggml: "a GGML file"
    case .hdf5: "an HDF5 file, such as Keras weights"
    case .messagePack: "a MessagePack file, such as a Flax checkpoint"
    case .onnx: "an ONNX model"
    case .tfLite: "a TensorFlow Lite model"
    case .gzip: "compressed with gzip"
    case .zstd: "compressed with zstd"
    case .xz: "compressed with xz"
    case .bzip2: "compressed with bzip2"
    case .lz4: "compressed with lz4"
    case .zeros: "nothing but zeros at its start"
    }
  }

  /// What to do about it.
  public var advice: String {
    switch self {
    case .gitLFSPointer: "run git lfs pull, or download the file itself"
    case .html, .xml: "the server sent a page instead of the file: check the address and login"
    case .json:
      "give the safetensors file; if this is the index of a sharded checkpoint, its folder"
    case .pyTorchZip, .pickle:
      "load it with torch.load(…, weights_only=True) and save it with safetensors.torch.save_file"
    case .numPyZip, .numPy: "load it with NumPy and save it with safetensors.numpy.save_file"
    case .zip, .tar: "unpack it and give the safetensors file"
    case .gguf, .ggml: "give the safetensors checkpoint it was made from"
    case .hdf5, .messagePack, .onnx, .tfLite:
      "give the safetensors checkpoint of the same model"
    case .gzip, .zstd, .xz, .bzip2, .lz4: "decompress it first"
    case .zeros: "the download or copy did not finish: get the file again"
    }
  }

  /// How many bytes of a file ``identify(prefix:)`` looks at.
  public static let prefixByteCount = 512
}
