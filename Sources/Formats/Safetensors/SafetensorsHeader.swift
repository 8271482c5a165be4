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
  /// The tensors in the order of their data; those without data stand before the one that starts
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
        "header of \(headerJSON.byteCount) bytes in a file of \(fileByteCount)")
    }
    let document: JSONValue
    do throws(WeightsError) {
      document = try StrictJSON.parse(headerJSON, limits: limits.json)
    } catch {
      if error.code == .jsonTooManyObjects { throw Self.tooManyTensors(limits) }
      // The place is one in the JSON text, which is but a part of the file.
      throw WeightsError(error.code, error.kind, "header, " + error.message, details: error.details)
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
