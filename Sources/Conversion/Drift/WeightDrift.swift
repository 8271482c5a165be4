/// How far the weights of a tensor are from the reference's.
public struct WeightDrift: Sendable, Equatable {
  public let name: String
  /// As the candidate stores it, such as `I8 [4096, 2048], per channel`.
  public let stored: String
  /// In dB; 200 where nothing differs.
  public let sqnr: Double
  /// sum c r / sum r^2.
  public let gain: Double
  public let maximumAbsolute: Double

  public init(name: String, stored: String, _ sums: DriftSums) {
    self.name = name
    self.stored = stored
    sqnr = sums.sqnr
    gain = sums.gain
    maximumAbsolute = sums.maximumError
  }

  public init(name: String, stored: String, sqnr: Double, gain: Double, maximumAbsolute: Double) {
    self.name = name
    self.stored = stored
    self.sqnr = sqnr
    self.gain = gain
    self.maximumAbsolute = maximumAbsolute
  }

  public var differs: Bool { sqnr < DriftSums.greatestSQNR }
}
