public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
import DVLASigning
public import DVLATensors
import Synchronization

/// An open bundle.
///
/// Opening reads and checks the header alone: its safetensors rules, its root hash, the table of
/// tensors and chunks against each other and against the size of the file. Data are checked as
/// they are read, chunk by chunk, as ``check`` says.
///
/// Safe to use from several threads at once.
public final class WeightBundle: TensorSource {
  public let path: String
  public let documents: BundleDocuments
  /// The files that travel with the tensors, in the order of their names.
  public let assets: [BundleAsset]
  /// The tensors in the order of the file, which is the order the forward pass needs them in.
  public let bundleTensors: [BundleTensor]
  /// SHA-256 of the header, which binds everything: the identity of the bundle.
  public let root: Digest
  /// Who signed it, where only a signed one was to be opened.
  public let signature: VerifiedSignature?
  /// Bytes of the file.
  public var byteCount: Int { file.byteCount }

  /// What stored bytes are held against when they are read.
  public let check: ChunkCheck

  let file: InputFile
  /// The file as memory, where that was asked for.
  let mapping: FileMapping?
  /// Where the bytes of the assets are, in their order.
  let assetTensors: [BundleTensor]
  let headerByteCount: Int
  private let positions: [TensorName: Int]
  private let idleReaders = Mutex<[IdleReader]>([])

  /// Opens a bundle.
  ///
  /// A signature of ours binds the header, which binds every chunk, so that nothing but the header
  /// need be read before the first tensor. One that has no root hash, as other programs write it,
  /// costs reading the whole file once, now.
  ///
  /// - Parameters:
  ///   - trust: which bundles are taken; any sound one by default.
  ///   - signatureFile: where the signature is, if it is needed; beside the bundle by default.
  ///   - check: what stored bytes are held against when they are read. Where only a signed bundle
  ///     is taken it is always the digest, without which the signature would bind no chunk.
  ///   - mapping: whether tensors that are stored plain are used where they lie in the file instead
  ///     of being copied. Then nobody may write to the file in place for as long as they are in
  ///     use: see `FileMapping`. Replacing it, as our commands do, is harmless.
  /// - Throws: `file.*` when it cannot be read, `safetensors.*` and `json.*` when the file
  ///   underneath is not sound, `bundle.*` when it is no sound bundle; as
  ///   ``VerifiedSignature/init(ofBundle:in:trusting:atLeast:)``; `signature.other-bundle`.
  public init(
    path: String, trust: BundleTrust = .any, signatureFile: String? = nil,
    check: ChunkCheck = .checksum, mapping: Bool = false
  ) throws(WeightsError) {
    signature = try trust.signature(ofBundle: path, in: signatureFile)
    self.check = signature == nil ? check : .digest
    let file = try Self.open(path)
    do throws(WeightsError) {
      let header = try BundleHeader(reading: file)
      self.mapping = mapping ? try file.map() : nil
      if let signature {
        try signature.check(root: header.root)
        if signature.statement.root == nil {
          try signature.check(
            fileHash: try FileHash.compute(
              file, headerByteCount: header.byteCount, root: header.root
            ) { _ in })
        }
      }
      self.path = path
      self.file = file
      documents = header.documents
      assets = header.assets
      assetTensors = header.assetTensors
      bundleTensors = header.tensors
      root = header.root
      headerByteCount = header.byteCount
      positions = Dictionary(
        uniqueKeysWithValues: header.tensors.enumerated().map { ($1.name, $0) })
    } catch {
      throw error.inFile(path)
    }
  }

  private static func open(_ path: String) throws(WeightsError) -> InputFile {
    do throws(WeightsError) { return try InputFile(path: path) } catch {
      guard error.code == .fileNotRegular, (try? InputFolder.isFolder(path)) == true else {
        throw error
      }
      throw WeightsError(
        .fileNotRegular, error.kind, file: path,
        "is a folder, expected a bundle, which is one file; convert makes it of a checkpoint")
    }
  }

  public var tensors: [TensorInfo] { bundleTensors.map(\.info) }

  public func info(of name: TensorName) -> TensorInfo? { tensor(name)?.info }

  /// The tensor of that name, with its place in the file.
  public func tensor(_ name: TensorName) -> BundleTensor? {
    positions[name].map { bundleTensors[$0] }
  }

  /// Fills `destination` with the bytes of the tensor that start at `offset`, on this thread.
  ///
  /// - Throws: `tensor.unknown`, `tensor.range`; `bundle.chunk-checksum`, `bundle.chunk-hash`,
  ///   `bundle.filler` and `zstd.*` when stored bytes are damaged; `file.*`.
  public func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    guard let tensor = tensor(name) else {
      throw WeightsError(
        .unknownTensor, .notFound, file: path, tensor: name.string, "no such tensor")
    }
    let count = destination.byteCount
    guard offset >= 0, offset <= tensor.info.byteCount, count <= tensor.info.byteCount - offset
    else {
      throw WeightsError(
        .tensorRange, .usage, file: path, tensor: name.string,
        "expected a range inside its \(tensor.info.byteCount) bytes, found \(count) bytes at"
          + " \(offset)")
    }
    guard count > 0 else { return }
    let idle =
      if let idle = idleReaders.withLock({ $0.popLast() }) { idle } else { try IdleReader(check) }
    defer { idleReaders.withLock { $0.append(idle) } }
    var done = 0
    while done < count {
      let index = (offset + done) / BundleLayout.chunkByteCount
      let chunk = tensor.chunks[index].byteRange
      let start = offset + done - chunk.lowerBound
      let length = min(chunk.count - start, count - done)
      var target = destination._mutatingExtracting(done..<done + length)
      do throws(WeightsError) {
        try idle.reader.read(index, of: tensor, in: file, from: start, into: &target)
      } catch {
        throw error.at(chunk: index, of: tensor, in: path)
      }
      done += length
    }
  }
}

/// A reader that waits for the next call of `read`.
///
/// Unchecked: whoever took it out of the list is the only one to have it.
private final class IdleReader: @unchecked Sendable {
  var reader: ChunkReader
  init(_ check: ChunkCheck) throws(WeightsError) { reader = try ChunkReader(check) }
}

extension WeightsError {
  /// The error of a chunk with the place filled in: tensor, chunk, bytes of tensor and file.
  func at(chunk index: Int?, of tensor: BundleTensor, in path: String) -> WeightsError {
    let asset = tensor.assetName
    var error = asset == nil ? inFile(path).inTensor(tensor.name.string) : inFile(path)
    let prefix = asset.map { "asset \($0.quoted): " } ?? ""
    guard let index else {
      error.message = prefix + message
      return error
    }
    let chunk = tensor.chunks[index]
    error.message =
      "\(prefix)chunk \(index) of \(tensor.chunks.count) (\(asset == nil ? "tensor" : "asset") bytes"
      + " \(chunk.byteRange), file bytes"
      + " \(chunk.storedRange)): \(message)"
    return error
  }
}
