public import DVLADiagnostics
public import DVLAImages
import DVLANumPyFiles
public import DVLATensors

/// A depth for every pixel of a picture.
public struct DepthMap: Sendable {
  /// [H, W], finite.
  public let values: Tensor
  public let meaning: Meaning
  /// What the picture was brought to before the model looked at it.
  public let processedSize: PixelSize
  public let minimum: Float
  public let maximum: Float

  /// - Throws: `depth.not-finite`.
  /// - Precondition: at least one pixel.
  init(
    _ values: Tensor, meaning: Meaning, processedSize: PixelSize
  ) throws(WeightsError) {
    if let index = values.values.firstIndex(where: { !$0.isFinite }) {
      throw WeightsError(
        .depthNotFinite,
        "expected finite depth, found \(values.values[index]) in row \(index / values.shape[1]), "
          + "column \(index % values.shape[1])")
    }
    guard let minimum = values.values.min(), let maximum = values.values.max() else {
      preconditionFailure("a picture has pixels")
    }
    self.values = values
    self.meaning = meaning
    self.processedSize = processedSize
    self.minimum = minimum
    self.maximum = maximum
  }

  /// What the values are.
  public enum Meaning: Sendable, Equatable {
    /// Larger is nearer, without a unit: Depth Anything's relative models.
    case relative
    /// Metres, up to a maximum: Depth Anything's metric models.
    case metres(maximum: Double)
    /// Larger is further, in the unit of the training data, or up to a factor: DepthVLA's loss
    /// forgives one.
    case unscaled
  }

  /// A PNG of the size of the picture, in colours from the least value to the greatest.
  ///
  /// - Throws: `image.memory`, `image.encode`.
  public func picture(in colours: ColourMap) throws(WeightsError) -> [UInt8] {
    try PNGFile.encode(try colours.picture(of: values))
  }

  /// The values as float32, in the file format of NumPy.
  public var npy: [UInt8] { NPY.encode(values) }
}
