import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLATensors

/// One item of the `tensors` document, sound in itself.
struct TableRow {
  let info: TensorInfo
  let encoding: BundleEncoding
  let planes: PlaneOrder
  let storedByteCounts: [Int]
  let digests: [Digest]
  let checksums: [UInt64]
  let source: JSONValue?
  let quantization: JSONValue?

  private static let keys: Set<String> = [
    "name", "dtype", "shape", "encoding", "planes", "stored", "sha256", "xxh3", "source",
    "quantization",
  ]
  private static let maximumRank = 8

  /// - Parameter isAsset: whether the row is one of those that hold assets, which have names of
  ///   their own.
  init(_ item: JSONReader, isAsset: Bool) throws(WeightsError) {
    let members = try item.object(allowing: Self.keys)
    let name = try members.required("name").string()
    do throws(WeightsError) {
      if !isAsset { try Self.check(name) }
      info = try Self.info(name, members)
      encoding = try Self.word(members.required("encoding"), .bundleEncoding)
      planes = try Self.word(members.required("planes"), .bundlePlanes)
      try Self.check(planes, encoding, info.dtype)
      storedByteCounts = try Self.sizes(members.required("stored"), info, encoding)
      digests = try HexDigits.read(members.required("sha256"), count: storedByteCounts.count)
      checksums = try HexDigits.read(members.required("xxh3"), count: storedByteCounts.count)
      source = members.optional("source")?.value
      quantization = members.optional("quantization")?.value
    } catch {
      throw error.inTensor(name)
    }
  }

  /// Refuses names the format keeps for itself.
  static func check(_ name: String) throws(WeightsError) {
    guard !name.utf8.starts(with: "__".utf8) else {
      throw WeightsError(
        .bundleReservedName, .malformed, tensor: name,
        "begins with two underscores; the format reserves such names")
    }
  }

  private static func info(
    _ name: String, _ members: JSONObjectReader
  ) throws(WeightsError) -> TensorInfo {
    let dtypeName = try members.required("dtype").string()
    guard let dtype = DType(rawValue: dtypeName) else {
      throw WeightsError(
        .bundleDType, .malformed,
        "expected an element type of safetensors, found \(dtypeName.quoted)")
    }
    var extents: [Int] = []
    for extent in try members.required("shape").array() {
      extents.append(try extent.integer(in: 0 ... .max))
    }
    guard extents.count <= maximumRank, let shape = Shape(checking: extents),
      let info = TensorInfo(name: TensorName(name), dtype: dtype, shape: shape)
    else {
      throw WeightsError(
        .bundleShape, .malformed,
        "expected a shape of at most \(maximumRank) axes whose \(dtype.rawValue) elements fill"
          + " whole bytes, found \(extents.count) axes: \(extents.prefix(maximumRank))")
    }
    return info
  }

  private static func word<Word: RawRepresentable<String> & CaseIterable>(
    _ reader: JSONReader, _ code: WeightsError.Code
  ) throws(WeightsError) -> Word {
    let text = try reader.string()
    guard let word = Word(rawValue: text) else {
      let known = Word.allCases.map(\.rawValue.quoted).joined(separator: " or ")
      throw reader.failure(code, "expected \(known), found \(text.quoted)")
    }
    return word
  }

  private static func check(
    _ planes: PlaneOrder, _ encoding: BundleEncoding, _ dtype: DType
  ) throws(WeightsError) {
    guard planes.fits(dtype, encoding) else {
      throw WeightsError(
        .bundlePlanes, .malformed,
        "plane order \(planes.rawValue.quoted) does not fit \(dtype.rawValue) with encoding "
          + encoding.rawValue.quoted)
    }
  }

  private static func sizes(
    _ reader: JSONReader, _ info: TensorInfo, _ encoding: BundleEncoding
  ) throws(WeightsError) -> [Int] {
    guard let values = reader.value.array else { throw reader.mismatch("an array") }
    let count = BundleLayout.chunkCount(of: info.byteCount)
    guard values.count == count else {
      throw WeightsError(
        .bundleChunkCount, .malformed,
        "expected \(count) chunks for \(info.dtype.rawValue) \(info.shape)"
          + " (\(info.byteCount) bytes), found \(values.count)")
    }
    var sizes: [Int] = []
    sizes.reserveCapacity(count)
    for (index, value) in values.enumerated() {
      let bytes = BundleLayout.byteRange(ofChunk: index, byteCount: info.byteCount).count
      let allowed =
        encoding == .plain ? bytes...bytes : 1...bytes + BundleLayout.frameOverhead
      guard let size = value.integer, allowed.contains(size) else {
        throw WeightsError(
          .bundleChunkSize, .malformed,
          "expected chunk \(index) (\(bytes) bytes) stored in \(allowed.lowerBound) to"
            + " \(allowed.upperBound) bytes, found"
            + " \(value.encoded().prefix(40))")
      }
      sizes.append(size)
    }
    return sizes
  }
}
