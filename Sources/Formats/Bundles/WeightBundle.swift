public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
import DVLAJSON
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
  /// Who states that it passed a gate, where only one that did was to be opened.
  public let gate: VerifiedGate?
  /// Bytes of the file.
  public var byteCount: Int { file.byteCount }

  /// Which hash of stored bytes is compared when they are read.
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
  ///   - check: which hash of stored bytes is compared when they are read. If only a signed or a
  ///     gated bundle is accepted it is always the digest, without which the signature would cover
  ///     no chunk.
  ///   - mapping: whether tensors that are stored plain are used in the mapped file instead of
  ///     being copied. While they are in use, nothing may write to the file in place: a page that
  ///     changes is not checked again, and one that is cut off ends the process. Replacing the
  ///     file, as this package does, is harmless.
  /// - Throws: `file.*` when it cannot be read, `safetensors.*` and `json.*` when the file
  ///   underneath is not sound, `bundle.*` when it is no sound bundle; as
  ///   ``VerifiedSignature/init(ofBundle:in:trusting:atLeast:)`` and
  ///   ``VerifiedGate/init(ofBundle:under:)``; `signature.other-bundle`, `gate.other-bundle`.
  public init(
    path: String, trust: BundleTrust = .any, signatureFile: String? = nil,
    check: ChunkCheck = .checksum, mapping: Bool = false
  ) throws(WeightsError) {
    signature = try trust.signature(ofBundle: path, in: signatureFile)
    gate = try trust.gate(ofBundle: path)
    self.check = trust.isSelective ? .digest : check
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
      try gate?.check(root: header.root)
      self.path = path
      self.file = file
      documents = header.documents
      assets = header.assets
      assetTensors = header.assetTensors
      bundleTensors = header.tensors
      root = header.root
      headerByteCount = header.byteCount
      positions = header.positions
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
        "is a folder, but a bundle is one file; convert the checkpoint first")
    }
  }

  public var tensors: [TensorInfo] { bundleTensors.map(\.info) }

  public func info(of name: TensorName) -> TensorInfo? { tensor(name)?.info }

  /// The place of a tensor among ``bundleTensors``.
  public func index(of name: TensorName) -> Int? { positions[name] }

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
    try idle.reader.read(tensor, at: offset, in: file, into: &destination)
  }
}

extension WeightBundle {
  /// Decodes tensors on several threads and hands them over one by one, in the order given, by
  /// ``TensorLoader``, as models are loaded too.
  ///
  /// Memory stays bounded: a tensor's bytes are taken when its first chunk is due, and only some
  /// megabytes are decoded ahead. Every chunk is checked as ``read(_:at:into:)`` checks it.
  ///
  /// - Parameters:
  ///   - tensors: which tensors of this bundle; all, in the order of the file, by default.
  ///   - threads: how many to decode on.
  ///   - body: takes a tensor with its bytes, on the calling thread. It may keep the bytes.
  /// - Throws: the first error in the order of the chunks, as ``read(_:at:into:)``;
  ///   `tensor.memory`; `parallelism.no-threads`; what `body` throws.
  public func load(
    _ tensors: [BundleTensor]? = nil, threads: Int,
    _ body: (BundleTensor, TensorBytes) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    let tensors = tensors ?? bundleTensors
    // One reader for each thread has a megabyte of its own, which the next load takes again.
    defer { idleReaders.withLock { $0.removeAll() } }
    try TensorLoader(self, file: path).load(tensors.map(\.info), threads: threads) {
      (index, bytes) throws(WeightsError) in
      try body(tensors[index], bytes)
    }
  }

  /// The bytes of one tensor, decoded on several threads.
  ///
  /// - Throws: as ``load(_:threads:_:)``.
  public func bytes(of tensor: BundleTensor, threads: Int) throws(WeightsError) -> TensorBytes {
    var result: TensorBytes?
    try load([tensor], threads: threads) { _, bytes in result = bytes }
    // One tensor gives one call.
    guard let result else { preconditionFailure("a tensor was asked for and not handed over") }
    return result
  }
}

/// A reader that waits for the next call of `read`.
///
/// Unchecked: only the call that took it out of the list uses it.
private final class IdleReader: @unchecked Sendable {
  var reader: ChunkReader
  init(_ check: ChunkCheck) throws(WeightsError) { reader = try ChunkReader(check) }
}

extension WeightsError {
  /// The error of a chunk with the place filled in: tensor, chunk, bytes of tensor and file.
  func at(chunk index: Int?, of tensor: BundleTensor, in path: String) -> WeightsError {
    guard let index else {
      guard let asset = tensor.assetName else { return inFile(path).inTensor(tensor.name.string) }
      return inFile(path).prefixed("asset \(asset.quoted): ")
    }
    return at(
      chunk: index, of: tensor.chunks.count, tensor.chunks[index], of: tensor.name, in: path)
  }

  /// The error of chunk `index` of `count`.
  func at(
    chunk index: Int, of count: Int, _ chunk: ChunkRecord, of name: TensorName, in path: String
  ) -> WeightsError {
    let place = "bytes \(chunk.byteRange), file bytes \(chunk.storedRange)"
    guard let asset = name.assetName else {
      return inFile(path).inTensor(name.string).prefixed(
        "chunk \(index) of \(count) (tensor \(place)): ")
    }
    return inFile(path).prefixed(
      "asset \(asset.quoted): chunk \(index) of \(count) (asset \(place)): ")
  }
}

extension WeightBundle {
  /// The bytes of a tensor that is stored plain in a bundle opened with `mapping`, where they lie
  /// in the file; nil for others.
  public func residentBytes(of name: TensorName) -> TensorBytes? {
    guard let mapping, let tensor = tensor(name), tensor.encoding == .plain else { return nil }
    let range = tensor.storedRange
    // The header was checked against the size of the file, which the mapping has too; tensors lie
    // on multiples of 64 bytes.
    precondition(range.lowerBound + tensor.info.byteCount <= mapping.byteCount, "inside the file")
    return unsafe TensorBytes(
      at: mapping.start + range.lowerBound, byteCount: tensor.info.byteCount, keptBy: mapping)
  }

  /// Checks the chunks of a tensor that overlap the range, where they lie.
  ///
  /// - Throws: `tensor.unknown`; `bundle.chunk-checksum`, `bundle.chunk-hash`, `bundle.filler`;
  ///   `file.*`.
  public func check(_ name: TensorName, in range: Range<Int>) throws(WeightsError) {
    guard let tensor = tensor(name) else {
      throw WeightsError(
        .unknownTensor, .notFound, file: path, tensor: name.string, "no such tensor")
    }
    guard !range.isEmpty else { return }
    let chunkByteCount = BundleLayout.chunkByteCount
    let end = (range.upperBound - 1) / chunkByteCount + 1
    // Two are hashed by SHA-256 in less time than one after the other.
    let groupCount = check == .digest ? 2 : 1
    for start in stride(from: range.lowerBound / chunkByteCount, to: end, by: groupCount) {
      try checkResident(start..<min(start + groupCount, end), of: tensor)
    }
  }

  /// Checks one or two chunks where they lie.
  private func checkResident(
    _ indices: Range<Int>, of tensor: BundleTensor
  ) throws(WeightsError) {
    guard let mapping else { return }
    let chunks = Array(tensor.chunks[indices])
    var digests: [Digest]?
    if chunks.count == 2 {
      mapping.withBytes(in: chunks[0].storedRange) { first in
        mapping.withBytes(in: chunks[1].storedRange) { second in
          let pair = SHA256.hash(first, second)
          digests = [pair.0, pair.1]
        }
      }
    }
    for (place, index) in indices.enumerated() {
      do throws(WeightsError) {
        try mapping.withBytes(in: chunks[place].storedRange) { (bytes) throws(WeightsError) in
          try ChunkBytes.inMemory.hold(
            check, against: chunks[place], in: bytes, digest: digests?[place])
        }
        try tensor.checkFiller(after: index, in: file)
      } catch {
        throw error.at(chunk: index, of: tensor, in: path)
      }
    }
  }
}

extension WeightBundle {
  /// The class of what conversion lost, by the tensor that lost most: nothing, in any type;
  /// the rounding of a float type; or 8 bits.
  ///
  /// - Throws: `json.*` when what the bundle records of its losses is not as `convert` writes it.
  public func precisionClass() throws(WeightsError) -> PrecisionClass {
    var result = PrecisionClass.f32
    for tensor in bundleTensors where !tensor.name.string.hasPrefix(unusedPrefix) {
      if tensor.info.dtype == .i8, tensor.storedQuantization != nil { return .int8 }
      guard let record = tensor.quantization?.object?["error"] else { continue }
      do throws(WeightsError) {
        let error = try JSONReader(record, path: "error")
          .object(allowing: ["max_abs", "rms", "sqnr_db", "cosine"])
        if !(try error.required("max_abs").number() <= 0) { result = .bf16 }
      } catch { throw error.inTensor(tensor.name.string) }
    }
    return result
  }
}
