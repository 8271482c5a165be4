import DVLADiagnostics
import DVLAJSON

/// Bounds on what a file may ask of memory and time; all are checked before memory is taken.
public struct SafetensorsLimits: Sendable, Equatable {
  /// Bytes of the header. The default is the bound of the safetensors library.
  public var headerByteCount = 100_000_000
  public var tensorCount = 100_000
  /// UTF-8 bytes of a tensor name, and of a key of `__metadata__`.
  public var nameByteCount = 1024
  public var rank = 8
  /// Entries of `__metadata__`.
  public var metadataCount = 10_000
  /// UTF-8 bytes of one value of `__metadata__`.
  public var metadataValueByteCount = 64 << 20

  public static let `default` = Self()

  public init() {}
}

// What reading and writing both demand, so that nothing is written that would not be read.
extension SafetensorsLimits {
  /// A header is at most three levels deep: the header, an entry, its shape.
  var json: JSONLimits {
    // An entry is an object, a dtype, two arrays, two offsets and its extents.
    let perTensor = rank.addingReportingOverflow(6)
    let tensors = tensorCount.multipliedReportingOverflow(by: max(perTensor.partialValue, 6))
    let values = tensors.partialValue.addingReportingOverflow(metadataCount + 64)
    let overflow = perTensor.overflow || tensors.overflow || values.overflow
    return JSONLimits(
      maximumByteCount: headerByteCount, maximumDepth: 3,
      maximumValueCount: overflow ? .max : values.partialValue,
      // The header, its metadata, and an object for each tensor.
      maximumObjectCount: overflow ? .max : tensorCount + 2)
  }

  func checkHeaderByteCount(_ count: Int) throws(WeightsError) {
    if count > headerByteCount {
      throw WeightsError(
        .safetensorsHeaderTooLarge,
        "header of \(count) bytes, expected at most \(headerByteCount)")
    }
  }

  func checkName(_ name: String) throws(WeightsError) {
    if name.isEmpty {
      throw WeightsError(.safetensorsNameEmpty, "a tensor has an empty name")
    }
    if name.utf8.count > nameByteCount {
      throw WeightsError(
        .safetensorsNameTooLong,
        "name of \(name.utf8.count) bytes, expected at most \(nameByteCount)")
    }
    // Printable ASCII, which nearly all names are, needs no look at Unicode.
    if name.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return }
    for scalar in name.unicodeScalars where scalar.isInvisible {
      throw WeightsError(
        .safetensorsNameControl,
        "name contains the invisible character U+"
          + String(scalar.value, radix: 16, uppercase: true)
      )
    }
  }

  func checkMetadata(_ metadata: [(key: String, value: String)]) throws(WeightsError) {
    guard metadata.count <= metadataCount else {
      throw WeightsError(
        .safetensorsMetadataCount,
        "\"__metadata__\" has \(metadata.count) entries, expected at most \(metadataCount)")
    }
    for (key, value) in metadata {
      guard key.utf8.count <= nameByteCount else {
        throw WeightsError(
          .safetensorsMetadataTooLong,
          "\"__metadata__\": key \(key.quoted) of \(key.utf8.count) bytes, expected at most "
            + "\(nameByteCount)")
      }
      guard value.utf8.count <= metadataValueByteCount else {
        throw WeightsError(
          .safetensorsMetadataTooLong,
          "\"__metadata__\": value of \(key.quoted) has \(value.utf8.count) bytes, expected at "
            + "most \(metadataValueByteCount)")
      }
    }
  }

  func checkRank(_ count: Int) throws(WeightsError) {
    if count > rank {
      throw WeightsError(.safetensorsRank, "\(count) dimensions, expected at most \(rank)")
    }
  }
}

extension Unicode.Scalar {
  /// Control characters, joiners, bidirectional overrides: what cannot be seen, or hides the rest.
  fileprivate var isInvisible: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
