public import DVLAJSON
public import DVLATensors

/// A tensor that will be written to a bundle.
public struct BundleTensorPlan: Sendable {
  public let info: TensorInfo
  /// Where it comes from, as the table will say.
  public let source: JSONValue?
  /// Stands in for the quantization errors, which are known only once the data are: as long as
  /// text as they can get, so that the header has room for them.
  public let quantizationPlaceholder: JSONValue?

  public init(
    _ info: TensorInfo, source: JSONValue? = nil, quantizationPlaceholder: JSONValue? = nil
  ) {
    self.info = info
    self.source = source
    self.quantizationPlaceholder = quantizationPlaceholder
  }
}
