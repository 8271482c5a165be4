/// How far a stage is from the reference's, over all samples.
public struct StageDrift: Sendable, Equatable {
  /// As goldens name it, such as `vlm.layer.3`.
  public let name: String
  /// In dB, of each sample; 200 where nothing differs.
  public let sqnrs: [Double]
  /// Of each sample.
  public let cosines: [Double]

  public init(name: String, sqnrs: [Double], cosines: [Double]) {
    self.name = name
    self.sqnrs = sqnrs
    self.cosines = cosines
  }

  /// In dB; nil where nothing differs in any sample.
  public var meanSQNR: Double? { differs ? sqnrs.reduce(0, +) / Double(sqnrs.count) : nil }
  /// In dB; nil where nothing differs in any sample.
  public var worstSQNR: Double? { differs ? sqnrs.min() : nil }
  public var worstCosine: Double { cosines.min() ?? 1 }

  private var differs: Bool { sqnrs.contains { $0 < DriftSums.greatestSQNR } }

  /// The first stage, in the order of the forward, at which errors begin or grow at once: its worst
  /// SQNR is below 35 dB, and 12 dB or more below that of every stage before it.
  ///
  /// Rounding of weights adds up over the layers, a little in each. A wrong picture or a wrong
  /// weight shows at one stage.
  public static func first(of stages: [StageDrift]) -> StageDrift? {
    var lowest = Double.infinity
    for stage in stages {
      let sqnr = stage.worstSQNR ?? .infinity
      if sqnr < 35, sqnr <= min(lowest, 60) - 12 { return stage }
      lowest = min(lowest, sqnr)
    }
    return nil
  }
}
