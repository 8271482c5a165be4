public import DVLADiagnostics
import DVLAJSON
import DVLATensors

/// The header of a safetensors file, checked against everything the format promises:
///
/// - each entry has exactly `dtype`, `shape` and `data_offsets`, and its range has the bytes its
///   dtype and shape need;
/// - the ranges cover the data section from first to last byte, without hole or overlap;
/// - no name and no key occurs twice, compared by its bytes after unescaping.
///
/// Source of the rules: safetensors 0.8, `tensor.rs`. Stricter than it: equal names, unknown
/// fields, a null `__metadata__`, ranks above 8 and invisible characters in names are refused.
public struct SafetensorsHeader: Sendable {
  /// The tensors in the order of their data; those without data come before the one that starts
  /// at the same place.
  public let entries: [SafetensorsEntry]
  /// The members of `__metadata__` in their order; nil when the header has none.
  public let metadata: [(key: String, value: String)]?
  /// Where the data section starts in the file. Any number: readers must not assume alignment.
  public let dataStart: Int

  /// The value of a key of `__metadata__`; keys are equal when their bytes are.
  public func metadataValue(_ key: String) -> String? {
    metadata?.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// Parses the JSON text between the length prefix and the data of a file of `fileByteCount`
  /// bytes.
  ///
  /// - Throws: `json.*` for what is no strict JSON, `safetensors.*` for the first rule that is
  ///   broken. The errors name the tensor, not the file.
  public static func parse(
    _ headerJSON: RawSpan, fileByteCount: Int, limits: SafetensorsLimits = .default
  ) throws(WeightsError) -> Self {
    let (prefixed, overflow) = headerJSON.byteCount.addingReportingOverflow(8)
    guard !overflow, prefixed <= fileByteCount else {
      throw WeightsError(
        .safetensorsHeaderPastEnd,
        "the header has \(headerJSON.byteCount) bytes, but the whole file only \(fileByteCount)")
    }
    let document: JSONValue
    do throws(WeightsError) {
      document = try StrictJSON.parse(headerJSON, limits: limits.json)
    } catch {
      if error.code == .jsonTooManyObjects { throw Self.tooManyTensors(limits) }
      // The place is one in the JSON text, which is but a part of the file.
      throw error.prefixed("header, ")
    }
    guard let members = document.object?.members else {
      throw WeightsError(
        .safetensorsHeaderType, "header is \(document.noun), expected an object")
    }
    var metadata: [(key: String, value: String)]?
    var entries: [SafetensorsEntry] = []
    entries.reserveCapacity(members.count)
    for (key, value) in members {
      if key.utf8.elementsEqual(HeaderKey.metadata.utf8) {
        metadata = try parseMetadata(value, limits: limits)
        continue
      }
      guard entries.count < limits.tensorCount else {
        throw tooManyTensors(limits)
      }
      do throws(WeightsError) {
        entries.append(try SafetensorsEntry(name: key, json: value, limits: limits))
      } catch {
        throw error.inTensor(key)
      }
    }
    try arrange(&entries, dataByteCount: fileByteCount - prefixed)
    return Self(entries: entries, metadata: metadata, dataStart: prefixed)
  }

  private static func tooManyTensors(_ limits: SafetensorsLimits) -> WeightsError {
    WeightsError(.safetensorsTensorCount, "header has more than \(limits.tensorCount) tensors")
  }

  private static func parseMetadata(
    _ value: JSONValue, limits: SafetensorsLimits
  ) throws(WeightsError) -> [(key: String, value: String)] {
    guard let members = value.object?.members else {
      throw WeightsError(
        .safetensorsMetadataType,
        "\"__metadata__\" is \(value.noun), expected an object of strings")
    }
    var metadata: [(key: String, value: String)] = []
    metadata.reserveCapacity(min(members.count, limits.metadataCount))
    for (key, value) in members {
      guard let text = value.string else {
        throw WeightsError(
          .safetensorsMetadataValue,
          "\"__metadata__\": \(key.quoted) is \(value.noun), expected a string")
      }
      metadata.append((key, text))
    }
    try limits.checkMetadata(metadata)
    return metadata
  }
}

/// The keys the format defines.
enum HeaderKey {
  static let metadata = "__metadata__"
  static let dtype = "dtype"
  static let shape = "shape"
  static let offsets = "data_offsets"
}

extension SafetensorsHeader {
  /// Parses the header of a whole file in memory.
  ///
  /// - Throws: as ``parse(_:fileByteCount:limits:)``; `safetensors.other-format` when it is a file
  ///   of another known kind, `too-short`, `header-empty`, `header-past-end`, `header-too-large`.
  ///   The errors do not name the file.
  public static func parse(
    file bytes: [UInt8], limits: SafetensorsLimits = .default
  ) throws(WeightsError) -> Self {
    do throws(WeightsError) {
      let count = try byteCount(
        prefix: Array(bytes.prefix(8)), fileByteCount: bytes.count, limits: limits)
      return unsafe try parse(
        bytes.span.bytes.extracting(8..<8 + count), fileByteCount: bytes.count, limits: limits)
    } catch {
      throw unsafe error.namingKind(ofFileWith: bytes.span.bytes)
    }
  }

  /// The length of the header, proved to lie within the file and the limits.
  ///
  /// - Parameter prefix: the first 8 bytes, or fewer where the file ends.
  static func byteCount(
    prefix: [UInt8], fileByteCount: Int, limits: SafetensorsLimits
  ) throws(WeightsError) -> Int {
    guard prefix.count == 8 else {
      throw WeightsError(
        .safetensorsTooShort,
        "\(prefix.count) bytes, expected at least the 8 of the header length")
    }
    let length = UInt64(bytes: prefix, .littleEndian)
    guard length > 0 else {
      throw WeightsError(.safetensorsHeaderEmpty, "header length is 0, expected at least 2")
    }
    let rest = fileByteCount - 8
    guard let count = Int(exactly: length), count <= rest else {
      throw WeightsError(
        .safetensorsHeaderPastEnd,
        "is not a safetensors file or is cut off: its header length is \(length), but only "
          + "\(rest.byteWords) follow")
    }
    try limits.checkHeaderByteCount(count)
    return count
  }
}

extension Int {
  /// That many bytes, in words.
  fileprivate var byteWords: String { self == 1 ? "1 byte" : "\(self) bytes" }
}

extension WeightsError {
  /// The same error, or, where the file is of another known kind, one that says so.
  func namingKind(ofFileWith prefix: RawSpan) -> WeightsError {
    guard let kind = FileKind.identify(prefix: prefix) else { return self }
    return WeightsError(
      .safetensorsOtherFormat, "not a safetensors file: it is \(kind.noun); \(kind.advice)")
  }
}

extension SafetensorsHeader {
  /// Sorts the entries by their data, and demands that they cover the data section exactly.
  ///
  /// Each range has the size its tensor needs and ends within `Int`, so once the ranges follow on
  /// one another no sum can overflow.
  static func arrange(
    _ entries: inout [SafetensorsEntry], dataByteCount: Int
  ) throws(WeightsError) {
    entries.sort { a, b in
      (a.range.lowerBound, a.range.upperBound, a.info.name)
        < (b.range.lowerBound, b.range.upperBound, b.info.name)
    }
    var covered = 0
    var previous: TensorName?
    for entry in entries {
      let range = entry.range
      if range.lowerBound > covered {
        throw hole(before: entry, from: covered, dataByteCount: dataByteCount)
      }
      if range.lowerBound < covered {
        throw WeightsError(
          .safetensorsOverlap, tensor: entry.info.name.string,
          "range \(range) overlaps \((previous?.string ?? "").quoted), which ends at \(covered)")
      }
      if !range.isEmpty { previous = entry.info.name }
      covered = range.upperBound
    }
    if covered > dataByteCount {
      let missing = entries.filter { $0.range.upperBound > dataByteCount }
      throw WeightsError(
        .safetensorsTruncated, tensor: missing.first?.info.name.string,
        "the file is cut off: \((covered - dataByteCount).byteWords) missing at its end; the tensor "
          + "needs the range \(missing.first?.range ?? 0..<0) of a data section that has "
          + "\(dataByteCount.byteWords); \(missing.count) of \(entries.count) tensors are "
          + "incomplete; download or copy the file again")
    }
    if covered < dataByteCount {
      throw WeightsError(
        .safetensorsTrailingBytes,
        "\((dataByteCount - covered).byteWords) after the last tensor, expected the file to end with "
          + "it")
    }
  }

  private static func hole(
    before entry: SafetensorsEntry, from start: Int, dataByteCount: Int
  ) -> WeightsError {
    if entry.range.upperBound > dataByteCount {
      return WeightsError(
        .safetensorsPastEnd, tensor: entry.info.name.string,
        "the file is cut off or its header is damaged: the tensor needs the range \(entry.range) of "
          + "a data section that has \(dataByteCount.byteWords)")
    }
    return WeightsError(
      .safetensorsHole, tensor: entry.info.name.string,
      "range \(entry.range) leaves a hole: bytes \(start)..<\(entry.range.lowerBound) belong to "
        + "no tensor")
  }
}
