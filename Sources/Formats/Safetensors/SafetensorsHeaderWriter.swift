public import DVLADiagnostics
import DVLAJSON
public import DVLATensors

/// Writes headers, byte for byte as safetensors 0.8 does for the same tensors in the same order:
/// `__metadata__` first, no white space, spaces up to the alignment.
public enum SafetensorsHeaderWriter {
  /// The length prefix, the JSON and the padding; and where each tensor's data goes, counted from
  /// the end of these bytes. The data lie in the order of `entries`, without holes.
  ///
  /// - Parameter alignment: the data section starts at a multiple of it in the file. The
  ///   safetensors library uses 8.
  /// - Throws: `safetensors.*` for what a reader would refuse: names, ranks, sizes, metadata, the
  ///   length of the header.
  /// - Precondition: `alignment` is positive.
  public static func headerBytes(
    entries: [(name: TensorName, dtype: DType, shape: Shape)],
    metadata: [(key: String, value: String)]?, alignment: Int = 8,
    limits: SafetensorsLimits = .default
  ) throws(WeightsError) -> (bytes: [UInt8], offsets: [Range<Int>]) {
    precondition(alignment > 0, "an alignment of \(alignment)")
    guard entries.count <= limits.tensorCount else {
      throw WeightsError(
        .safetensorsTensorCount,
        "\(entries.count) tensors, expected at most \(limits.tensorCount)")
    }
    var members: [(String, JSONValue)] = []
    members.reserveCapacity(entries.count + 1)
    if let metadata {
      members.append((HeaderKey.metadata, try json(metadata, limits: limits)))
    }
    var offsets: [Range<Int>] = []
    offsets.reserveCapacity(entries.count)
    var seen: Set<TensorName> = []
    var end = 0
    for entry in entries {
      do throws(WeightsError) {
        guard seen.insert(entry.name).inserted else {
          throw WeightsError(.safetensorsNameDuplicate, "two tensors have this name")
        }
        let range = try place(entry, at: end, limits: limits)
        members.append((entry.name.string, json(entry.dtype, entry.shape, range)))
        offsets.append(range)
        end = range.upperBound
      } catch {
        throw error.inTensor(entry.name.string)
      }
    }
    return (try pad(JSONValue.object(JSONObject(members)), to: alignment, limits: limits), offsets)
  }

  private static func place(
    _ entry: (name: TensorName, dtype: DType, shape: Shape), at start: Int,
    limits: SafetensorsLimits
  ) throws(WeightsError) -> Range<Int> {
    try limits.checkName(entry.name.string)
    guard !entry.name.string.utf8.elementsEqual(HeaderKey.metadata.utf8) else {
      throw WeightsError(
        .safetensorsNameReserved, "this name is reserved for the metadata of the file")
    }
    try limits.checkRank(entry.shape.rank)
    guard let byteCount = entry.shape.byteCount(of: entry.dtype) else {
      throw SafetensorsEntry.unrepresentable(entry.dtype, entry.shape)
    }
    let (end, overflow) = start.addingReportingOverflow(byteCount)
    guard !overflow else {
      throw WeightsError(
        .safetensorsSizeOverflow, "with it the tensors have more than 2^63 - 1 bytes")
    }
    return start..<end
  }

  private static func json(_ dtype: DType, _ shape: Shape, _ range: Range<Int>) -> JSONValue {
    .object(
      JSONObject([
        (HeaderKey.dtype, .string(dtype.rawValue)),
        (HeaderKey.shape, .array(shape.dimensions.map { .integer(Int64($0)) })),
        (
          HeaderKey.offsets,
          .array([.integer(Int64(range.lowerBound)), .integer(Int64(range.upperBound))])
        ),
      ]))
  }

  private static func json(
    _ metadata: [(key: String, value: String)], limits: SafetensorsLimits
  ) throws(WeightsError) -> JSONValue {
    try limits.checkMetadata(metadata)
    var members: [(String, JSONValue)] = []
    var seen: Set<TensorName> = []
    for (key, value) in metadata {
      guard !key.utf8.contains(0) else {
        throw WeightsError(
          .safetensorsMetadataNUL, "\"__metadata__\": key \(key.quoted) contains a NUL")
      }
      guard seen.insert(TensorName(key)).inserted else {
        throw WeightsError(
          .safetensorsNameDuplicate, "\"__metadata__\": key \(key.quoted) occurs twice")
      }
      members.append((key, .string(value)))
    }
    return .object(JSONObject(members))
  }

  private static func pad(
    _ header: JSONValue, to alignment: Int, limits: SafetensorsLimits
  ) throws(WeightsError) -> [UInt8] {
    let text = header.encoded()
    let unpadded = 8 + text.utf8.count
    let padding = (alignment - unpadded % alignment) % alignment
    let count = text.utf8.count + padding
    try limits.checkHeaderByteCount(count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + count)
    bytes.append(UInt64(count), .littleEndian)
    bytes.append(contentsOf: text.utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
    return bytes
  }
}
