/// How far a stage is from the reference's, over all samples.
public struct StageDrift: Sendable, Hashable {
  /// As goldens name it, such as `vlm.layer.3`.
  public let name: String
  /// In dB; nil where nothing differs.
  public var meanSQNR: Double?
  public var worstSQNR: Double?
  public var worstCosine: Double

  public init(name: String, meanSQNR: Double?, worstSQNR: Double?, worstCosine: Double) {
    self.name = name
    self.meanSQNR = meanSQNR
    self.worstSQNR = worstSQNR
    self.worstCosine = worstCosine
  }
}

/// How far the weights of a tensor are from the reference's.
public struct WeightDrift: Sendable, Hashable {
  public let name: String
  /// As it is stored, such as `I8 [4096, 2048], per channel`.
  public let stored: String
  /// In dB; nil where nothing differs.
  public var sqnr: Double?
  /// sum c r / sum r^2.
  public var gain: Double
  public var maximumAbsolute: Double

  public init(name: String, stored: String, sqnr: Double?, gain: Double, maximumAbsolute: Double) {
    self.name = name
    self.stored = stored
    self.sqnr = sqnr
    self.gain = gain
    self.maximumAbsolute = maximumAbsolute
  }
}
