public import DVLADiagnostics
public import DVLAFiles
public import DVLATensors

/// An open safetensors file whose header has been read and checked.
public final class SafetensorsFile: TensorSource {
  public let file: InputFile
  public let header: SafetensorsHeader
  public let tensors: [TensorInfo]
  private let positions: [TensorName: Int]

  /// Opens the file at `path`, which may be a symbolic link.
  ///
  /// - Throws: what `InputFile` and ``SafetensorsHeader/parse(_:fileByteCount:limits:)`` throw;
  ///   `safetensors.other-format` when it is a file of another known kind, `too-short`,
  ///   `header-empty`, `header-past-end`, `header-too-large`.
  public convenience init(
    path: String, limits: SafetensorsLimits = .default
  ) throws(WeightsError) {
    try self.init(file: InputFile(path: path), limits: limits)
  }

  /// Reads the header of an open file.
  ///
  /// - Throws: as ``init(path:limits:)``.
  public convenience init(
    file: InputFile, limits: SafetensorsLimits = .default
  ) throws(WeightsError) {
    let (header, _) = try Self.readHeader(of: file, limits: limits)
    self.init(file, header)
  }

  private init(_ file: InputFile, _ header: SafetensorsHeader) {
    self.file = file
    self.header = header
    tensors = header.entries.map(\.info)
    // Names are unique: the parser refuses equal keys.
    positions = Dictionary(
      zip(tensors.map(\.name), tensors.indices), uniquingKeysWith: { first, _ in first })
  }

  /// The path as the user gave it.
  public var path: String { file.path }

  public func info(of name: TensorName) -> TensorInfo? { entry(of: name)?.info }

  /// Where the tensor's bytes start in the file.
  public func fileOffset(of name: TensorName) -> Int? {
    entry(of: name).map { header.dataStart + $0.range.lowerBound }
  }

  public func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    guard let entry = entry(of: name) else {
      throw WeightsError(.unknownTensor, file: path, tensor: name.string, "no such tensor")
    }
    let count = destination.byteCount
    guard offset >= 0, offset <= entry.range.count, count <= entry.range.count - offset else {
      throw WeightsError(
        .tensorRange, file: path, tensor: name.string,
        "cannot read \(count) bytes at offset \(offset) of a tensor of \(entry.range.count) bytes")
    }
    do throws(WeightsError) {
      // The header proved that the range lies in the file, so the sum is below its size.
      try file.read(
        at: header.dataStart + entry.range.lowerBound + offset, into: &destination)
    } catch {
      throw error.inTensor(name.string)
    }
  }

  private func entry(of name: TensorName) -> SafetensorsEntry? {
    positions[name].map { header.entries[$0] }
  }
}

extension SafetensorsFile {
  /// Reads and parses the header of an open file.
  ///
  /// - Returns: the header, and the very bytes that were parsed (length, text and padding), so that
  ///   a caller can hash them: a second read might find others.
  /// - Throws: as ``init(path:limits:)``.
  public static func readHeader(
    of file: InputFile, limits: SafetensorsLimits = .default
  ) throws(WeightsError) -> (header: SafetensorsHeader, bytes: [UInt8]) {
    let bytes = try headerBytes(of: file, limits: limits)
    return (try parseHeader(bytes, of: file, limits: limits), bytes)
  }

  /// The header of an open file, not yet parsed: length, text and padding.
  ///
  /// - Throws: as ``init(path:limits:)``, of what is wrong with the header only what its length
  ///   shows.
  public static func headerBytes(
    of file: InputFile, limits: SafetensorsLimits = .default
  ) throws(WeightsError) -> [UInt8] {
    do throws(WeightsError) {
      let count = try headerByteCount(of: file, limits: limits)
      let bytes = try file.bytes(at: 0, count: 8 + count)
      guard UInt64(bytes: bytes[..<8], .littleEndian) == UInt64(count) else {
        throw WeightsError(
          .fileChanged, .inputOutput,
          "changed while it was read: the length of its header; run the command again when nothing "
            + "writes to it")
      }
      return bytes
    } catch {
      throw try naming(error, in: file)
    }
  }

  /// Parses what ``headerBytes(of:limits:)`` read.
  ///
  /// - Throws: as ``init(path:limits:)``.
  public static func parseHeader(
    _ bytes: [UInt8], of file: InputFile, limits: SafetensorsLimits = .default
  ) throws(WeightsError) -> SafetensorsHeader {
    do throws(WeightsError) {
      return unsafe try SafetensorsHeader.parse(
        bytes.span.bytes.extracting(8..<bytes.count), fileByteCount: file.byteCount,
        limits: limits)
    } catch {
      throw try naming(error, in: file)
    }
  }

  /// The error with the file's path, and with its kind where it is of another known one.
  private static func naming(
    _ error: WeightsError, in file: InputFile
  ) throws(WeightsError) -> WeightsError {
    guard error.kind == .malformed else { return error.inFile(file.path) }
    let prefix = try file.bytes(at: 0, count: min(file.byteCount, FileKind.prefixByteCount))
    return unsafe error.namingKind(ofFileWith: prefix.span.bytes).inFile(file.path)
  }

  /// Reads the header once more.
  ///
  /// - Returns: whether it is sound, and says what it said when the file was opened.
  /// - Throws: `file.read`.
  public func repeatsHeader() throws(WeightsError) -> Bool {
    let again: SafetensorsHeader
    do throws(WeightsError) { again = try Self.readHeader(of: file).header } catch {
      if error.kind == .malformed || error.code == .fileChanged || error.code == .fileShrank {
        return false
      }
      throw error
    }
    return again.dataStart == header.dataStart && again.entries == header.entries
      && (again.metadata ?? []).elementsEqual(header.metadata ?? []) {
        $0.key.utf8.elementsEqual($1.key.utf8) && $0.value.utf8.elementsEqual($1.value.utf8)
      }
  }

  /// The length prefix, proved to lie within the file and the limits.
  private static func headerByteCount(
    of file: InputFile, limits: SafetensorsLimits
  ) throws(WeightsError) -> Int {
    try SafetensorsHeader.byteCount(
      prefix: file.bytes(at: 0, count: min(file.byteCount, 8)), fileByteCount: file.byteCount,
      limits: limits)
  }
}
