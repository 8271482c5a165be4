public import DVLADiagnostics
public import DVLAImages
import DVLANumPyFiles
public import DVLATensors

/// A depth for every pixel of a picture.
public struct DepthMap: Sendable {
  /// [H, W], finite.
  public let values: Tensor
  public let meaning: Meaning
  /// The size at which the model saw the picture.
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

  /// What the values mean.
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

extension DepthMap {
  /// How depth becomes whole numbers of 16 bits.
  public enum Scale: Sendable, Equatable {
    /// From the least value, 0, to the greatest, 65535.
    case stretched
    /// That many steps to a metre; values below 0 and beyond 65535 are clipped.
    case steps(perMetre: Double)
  }

  /// Depth without a unit is stretched. Metric depth is in millimetres, as in indoor data sets and
  /// depth cameras; or, where the model sees further than 65 m, in 1/256 m, as in KITTI. Where it
  /// sees further than 255 m, the step is doubled until 65535 steps reach as far as the model sees.
  public var scale: Scale {
    guard case .metres(let maximum) = meaning else { return .stretched }
    guard maximum > 65 else { return .steps(perMetre: 1000) }
    var steps = 256.0
    while maximum * steps > Self.greatest, steps > .leastNormalMagnitude { steps /= 2 }
    return .steps(perMetre: steps)
  }

  /// Values as whole numbers, row by row.
  public struct Grey16: Sendable {
    public let values: [UInt16]
    /// How many pixels were clipped below 0, and how many beyond 65535.
    public let below, above: Int
  }

  /// The values on ``scale``, rounded to whole numbers.
  public var grey16: Grey16 {
    switch scale {
    case .stretched:
      let range = Double(maximum) - Double(minimum)
      guard range > 0 else {
        return Grey16(
          values: [UInt16](repeating: 0, count: values.values.count), below: 0, above: 0)
      }
      let numbers = values.values.map {
        UInt16(((Double($0) - Double(minimum)) / range * Self.greatest).rounded())
      }
      return Grey16(values: numbers, below: 0, above: 0)
    case .steps(let perMetre):
      var (below, above) = (0, 0)
      let numbers = values.values.map { depth in
        let number = (Double(depth) * perMetre).rounded()
        if number < 0 { below += 1 }
        if number > Self.greatest { above += 1 }
        return UInt16(min(max(number, 0), Self.greatest))
      }
      return Grey16(values: numbers, below: below, above: above)
    }
  }

  /// A 16-bit grey PNG of ``grey16``. Its text chunks say how a value becomes depth again:
  /// `StepsPerMetre`, or the `DepthMinimum` and `DepthMaximum` that 0 and 65535 stand for.
  ///
  /// - Throws: `image.memory`, `image.encode`.
  public func grey16PNG() throws(WeightsError) -> [UInt8] {
    let texts: [(keyword: String, text: String)] =
      switch scale {
      case .stretched: [("DepthMinimum", "\(minimum)"), ("DepthMaximum", "\(maximum)")]
      case .steps(let perMetre): [("StepsPerMetre", Self.words(stepsPerMetre: perMetre))]
      }
    return try PNGFile.encode(
      grey16: grey16.values, width: values.shape[1], height: values.shape[0], texts: texts)
  }

  /// A number of steps without a fraction where it has none.
  public static func words(stepsPerMetre steps: Double) -> String {
    steps >= 1 ? String(Int(steps)) : String(steps)
  }

  private static let greatest = 65535.0
}
