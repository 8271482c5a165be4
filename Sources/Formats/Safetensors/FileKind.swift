/// A kind of file that is mistaken for safetensors, recognised by its first bytes.
public enum FileKind: Sendable, CaseIterable {
  case gitLFSPointer, html, xml, json
  case pyTorchZip, numPyZip, zip, pickle, numPy, tar
  case gguf, ggml, hdf5, messagePack, onnx, tfLite
  case gzip, zstd, xz, bzip2, lz4
  case png, jpeg
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
    case .png: "a PNG image"
    case .jpeg: "a JPEG image"
    case .zeros: "nothing but zeros at its start"
    }
  }

  /// What to do about it.
  public var advice: String {
    switch self {
    case .gitLFSPointer: "run git lfs pull, or download the file itself"
    case .html, .xml: "the server sent a page instead of the file: check the address and login"
    case .json:
      "give the safetensors file, or the folder if this is the index of a sharded checkpoint"
    case .pyTorchZip, .pickle:
      "load it with torch.load(…, weights_only=True) and save it with safetensors.torch.save_file"
    case .numPyZip, .numPy: "load it with NumPy and save it with safetensors.numpy.save_file"
    case .zip, .tar: "unpack it and give the safetensors file"
    case .gguf, .ggml: "give the safetensors checkpoint it was made from"
    case .hdf5, .messagePack, .onnx, .tfLite:
      "give the safetensors checkpoint of the same model"
    case .gzip, .zstd, .xz, .bzip2, .lz4: "decompress it first"
    case .png, .jpeg: "give the safetensors file of the model"
    case .zeros: "the download or copy did not finish: get the file again"
    }
  }

  /// How many bytes of a file ``identify(prefix:)`` looks at.
  public static let prefixByteCount = 512
}

extension FileKind {
  /// The kind of a file that is not safetensors, from its first bytes; nil when they say nothing.
  ///
  /// What begins like a safetensors header is none of them, even where its length is wrong.
  public static func identify(prefix: RawSpan) -> FileKind? {
    let bytes = Prefix(prefix)
    if bytes.looksLikeSafetensors { return nil }
    return magic(bytes) ?? text(bytes) ?? guess(bytes)
  }

  private static func magic(_ bytes: Prefix) -> FileKind? {
    if bytes.starts("PK\u{3}\u{4}") {
      // The name of the first member follows a header of 30 bytes.
      if bytes.contains("data.pkl") { return .pyTorchZip }
      return bytes.contains(".npy") ? .numPyZip : .zip
    }
    if bytes.starts("PK\u{5}\u{6}") { return .zip }
    if bytes.starts("GGUF") { return .gguf }
    if ["lmgg", "tjgg", "fmgg", "algg"].contains(where: bytes.starts) { return .ggml }
    if bytes.starts([0x89] + "HDF\r\n\u{1A}\n".utf8) { return .hdf5 }
    if bytes.starts([0x93] + "NUMPY".utf8) { return .numPy }
    if bytes.starts([0x1F, 0x8B]) { return .gzip }
    if bytes.starts([0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
    if bytes.starts([0xFD] + "7zXZ\u{0}".utf8) { return .xz }
    if bytes.starts([0x89] + "PNG\r\n\u{1A}\n".utf8) { return .png }
    if bytes.starts([0xFF, 0xD8, 0xFF]) { return .jpeg }
    if bytes.starts("BZh") { return .bzip2 }
    if bytes.starts([0x04, 0x22, 0x4D, 0x18]) { return .lz4 }
    if bytes.starts("TFL3", at: 4) { return .tfLite }
    if bytes.starts("ustar", at: 257) { return .tar }
    return nil
  }

  private static func text(_ bytes: Prefix) -> FileKind? {
    if bytes.starts("version https://git-lfs.github.com/")
      || bytes.starts("version https://hawser.github.com/")
    {
      return .gitLFSPointer
    }
    let start = bytes.textStart
    if bytes.starts("<?xml", at: start) { return .xml }
    if ["<!doctype html", "<html", "<head", "<body"].contains(where: {
      bytes.startsIgnoringCase($0, at: start)
    }) {
      return .html
    }
    if bytes.starts("{", at: start) || bytes.starts("[", at: start) { return .json }
    return nil
  }

  /// Formats without a proper magic number.
  private static func guess(_ bytes: Prefix) -> FileKind? {
    guard let first = bytes[0], let second = bytes[1] else { return nil }
    // The PROTO opcode and the protocols there are.
    if first == 0x80, (1...5).contains(second) { return .pickle }
    // A map of 1 to 15 entries, or the long forms, whose first key is a string.
    let key: UInt8? =
      switch first {
      case 0x81...0x8F: second
      case 0xDE: bytes[3]
      case 0xDF: bytes[5]
      default: nil
      }
    if let key, (0xA0...0xBF).contains(key) || key == 0xD9 || key == 0xDA { return .messagePack }
    // ir_version as a varint, then producer_name.
    if first == 0x08, (1...32).contains(second), bytes[2] == 0x12 { return .onnx }
    return bytes.isLongAndZero ? .zeros : nil
  }
}

/// The first bytes of a file.
private struct Prefix {
  private let bytes: [UInt8]

  init(_ span: RawSpan) {
    bytes = (0..<min(span.byteCount, FileKind.prefixByteCount)).map {
      unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
    }
  }

  subscript(index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

  /// A length below 4 GiB, then a brace or the white space before one.
  var looksLikeSafetensors: Bool {
    guard let first = self[8] else { return true }
    return bytes[4..<8].allSatisfy { $0 == 0 } && [0x7B, 0x20, 0x09, 0x0A, 0x0D].contains(first)
  }

  func starts(_ magic: String) -> Bool { starts(magic, at: 0) }

  func starts(_ magic: String, at offset: Int) -> Bool {
    bytes.dropFirst(offset).starts(with: magic.utf8)
  }

  func starts(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }

  func startsIgnoringCase(_ magic: String, at offset: Int) -> Bool {
    String(decoding: bytes.dropFirst(offset).prefix(magic.utf8.count), as: UTF8.self).lowercased()
      == magic
  }

  func contains(_ text: String) -> Bool {
    bytes.indices.contains { bytes[$0...].starts(with: text.utf8) }
  }

  /// After a byte order mark and white space.
  var textStart: Int {
    let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    return bytes.dropFirst(mark).firstIndex { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } ?? 0
  }

  var isLongAndZero: Bool { bytes.count >= 64 && bytes.allSatisfy { $0 == 0 } }
}
