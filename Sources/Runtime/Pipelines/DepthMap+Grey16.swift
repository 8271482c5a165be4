public import DVLADiagnostics
import DVLAImages
import DVLATensors

extension DepthMap {
  /// How depth becomes whole numbers of 16 bits.
  public enum Scale: Sendable, Equatable {
    /// From the least value, 0, to the greatest, 65535.
    case stretched
    /// So many steps to a metre; 65535 and beyond, or below 0, is cut off.
    case steps(perMetre: Double)
  }

  /// Depth without a unit is stretched. Metric depth is in millimetres, as indoor data sets and
  /// depth cameras have it, or in 1/256 m, as KITTI, where the model sees further than 65 m. Where
  /// it sees further than 255 m, steps are twice as long, and again, until 65535 of them reach as
  /// far as the model sees.
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
    /// How many pixels lay below 0 and became 0, and how many beyond 65535 and became 65535.
    public let below, above: Int
  }

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

  /// A 16-bit grey PNG of ``grey16``, which says in text chunks how a value becomes depth again:
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
