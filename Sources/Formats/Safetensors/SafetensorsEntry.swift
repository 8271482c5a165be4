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
