import DVLADiagnostics
import DVLAJSON
public import DVLATensors

/// A tensor of a file: what it is, and where its bytes are.
public struct SafetensorsEntry: Hashable, Sendable {
  public let info: TensorInfo
  /// The bytes, counted from the start of the data section.
  public let range: Range<Int>

  public init(info: TensorInfo, range: Range<Int>) {
    self.info = info
    self.range = range
  }
}

extension SafetensorsEntry {
  /// One member of the header. The errors do not name the tensor.
  init(name: String, json: JSONValue, limits: SafetensorsLimits) throws(WeightsError) {
    try limits.checkName(name)
    guard let object = json.object else {
      throw WeightsError(.safetensorsEntryType, "is \(json.noun), expected an object")
    }
    let known = [HeaderKey.dtype, HeaderKey.shape, HeaderKey.offsets]
    for (key, _) in object.members
    where !known.contains(where: { $0.utf8.elementsEqual(key.utf8) }) {
      throw WeightsError(
        .safetensorsFieldUnknown,
        "unknown field \(key.quoted), expected dtype, shape and data_offsets only")
    }
    let dtype = try Self.dtype(object.required(HeaderKey.dtype))
    let shape = try Self.shape(object.required(HeaderKey.shape), limits: limits)
    let range = try Self.offsets(object.required(HeaderKey.offsets))
    guard let info = TensorInfo(name: TensorName(name), dtype: dtype, shape: shape) else {
      throw Self.unrepresentable(dtype, shape)
    }
    guard range.count == info.byteCount else {
      throw WeightsError(
        .safetensorsSizeMismatch,
        "\(dtype.rawValue) \(shape) needs \(info.byteCount) bytes, range \(range) has "
          + "\(range.count)")
    }
    self.init(info: info, range: range)
  }

  private static func dtype(_ value: JSONValue) throws(WeightsError) -> DType {
    guard let name = value.string else {
      throw WeightsError(.safetensorsDTypeType, "dtype is \(value.noun), expected a string")
    }
    guard let dtype = DType(rawValue: name) else {
      let hint =
        DType(rawValue: name.uppercased()).map { "; did you mean \($0.rawValue)?" }
        ?? ", expected one of \(DType.allCases.map(\.rawValue).joined(separator: " "))"
      throw WeightsError(.safetensorsDTypeUnknown, "dtype \(name.quoted) is unknown" + hint)
    }
    return dtype
  }

  private static func shape(
    _ value: JSONValue, limits: SafetensorsLimits
  ) throws(WeightsError) -> Shape {
    guard let elements = value.array else {
      throw WeightsError(
        .safetensorsShapeType, "shape is \(value.noun), expected an array of integers")
    }
    try limits.checkRank(elements.count)
    var extents: [Int] = []
    extents.reserveCapacity(elements.count)
    for (axis, element) in elements.enumerated() {
      guard let extent = element.integer, extent >= 0 else {
        throw WeightsError(
          .safetensorsExtent,
          "shape[\(axis)] is \(element.noun), expected an integer from 0 to 2^63 - 1")
      }
      extents.append(extent)
    }
    guard let shape = Shape(checking: extents) else {
      throw WeightsError(
        .safetensorsSizeOverflow, "shape \(extents) has more than 2^63 - 1 elements")
    }
    return shape
  }

  private static func offsets(_ value: JSONValue) throws(WeightsError) -> Range<Int> {
    guard let elements = value.array, elements.count == 2 else {
      let found = value.array.map { "an array of \($0.count)" } ?? value.noun
      throw WeightsError(
        .safetensorsOffsetsType, "data_offsets is \(found), expected an array of two integers")
    }
    func offset(_ index: Int) throws(WeightsError) -> Int {
      guard let offset = elements[index].integer, offset >= 0 else {
        throw WeightsError(
          .safetensorsOffset,
          "data_offsets[\(index)] is \(elements[index].noun), expected an integer from 0 to "
            + "2^63 - 1")
      }
      return offset
    }
    let (start, end) = (try offset(0), try offset(1))
    guard start <= end else {
      throw WeightsError(
        .safetensorsOffsetsReversed, "data_offsets \([start, end]) end before they start")
    }
    return start..<end
  }

  /// Why a shape has no byte count in that dtype.
  static func unrepresentable(_ dtype: DType, _ shape: Shape) -> WeightsError {
    if shape.elementCount.multipliedReportingOverflow(by: dtype.bitWidth).overflow {
      return WeightsError(
        .safetensorsSizeOverflow, "\(dtype.rawValue) \(shape) has more than 2^63 - 1 bits")
    }
    return WeightsError(
      .safetensorsPartialByte,
      "\(dtype.rawValue) \(shape) has \(shape.elementCount) elements of \(dtype.bitWidth) bits, "
        + "which do not fill whole bytes")
  }
}

extension JSONObject {
  fileprivate func required(_ key: String) throws(WeightsError) -> JSONValue {
    guard let value = self[key] else {
      throw WeightsError(.safetensorsFieldMissing, "has no \(key)")
    }
    return value
  }
}

extension JSONValue {
  /// What it is, in words that fit a message.
  var noun: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "the string \(value.quoted)"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
