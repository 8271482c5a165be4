public import Diagnostics
public import Images
import NumPyFiles
public import TensorCore

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

  /// How depth becomes whole numbers of 16 bits.
  public enum Scale: Sendable, Equatable {
    /// From the least value, 0, to the greatest, 65535.
    case stretched
    /// So many steps to a metre; 65535 and beyond, or below 0, is cut off.
    case steps(perMetre: Int)
  }

  /// Depth without a unit is stretched. Metric depth is in millimetres, as indoor data sets and
  /// depth cameras have it, or in 1/256 m, as KITTI, where the model sees further than 65 m.
  public var scale: Scale {
    switch meaning {
    case .relative, .unscaled: .stretched
    case .metres(let maximum): .steps(perMetre: maximum > 65 ? 256 : 1000)
    }
  }

  /// The values as whole numbers, row by row.
  public var grey16: [UInt16] {
    switch scale {
    case .stretched:
      let range = Double(maximum) - Double(minimum)
      guard range > 0 else { return [UInt16](repeating: 0, count: values.values.count) }
      return values.values.map {
        UInt16(((Double($0) - Double(minimum)) / range * 65535).rounded())
      }
    case .steps(let perMetre):
      return values.values.map {
        UInt16(min(max((Double($0) * Double(perMetre)).rounded(), 0), 65535))
      }
    }
  }

  /// A PNG of the size of the picture, in colours from the least value to the greatest.
  ///
  /// - Throws: `image.memory`, `image.encode`.
  public func picture(in colours: ColourMap) throws(WeightsError) -> [UInt8] {
    try PNGFile.encode(try colours.picture(of: values))
  }

  /// A 16-bit grey PNG of ``grey16``.
  ///
  /// - Throws: `image.memory`, `image.encode`.
  public func grey16PNG() throws(WeightsError) -> [UInt8] {
    try PNGFile.encode(grey16: grey16, width: values.shape[1], height: values.shape[0])
  }

  /// The values as float32, in the file format of NumPy.
  public var npy: [UInt8] { NPY.encode(values) }
}
