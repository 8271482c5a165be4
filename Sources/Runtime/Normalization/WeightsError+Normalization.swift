public import DVLADiagnostics

extension WeightsError.Code {
  /// Neither openpi's `norm_stats.json`, nor lerobot's `stats.json`, nor its normaliser's tensors.
  public static let statisticsFormat = Self("statistics.format")
  /// A feature or a field that is needed is not there.
  public static let statisticsMissing = Self("statistics.missing")
  /// A field without values.
  public static let statisticsEmpty = Self("statistics.empty")
  /// Fields, or statistics and a vector, of different widths.
  public static let statisticsWidth = Self("statistics.width")
  /// NaN or an infinity.
  public static let statisticsNotFinite = Self("statistics.not-finite")
  /// A standard deviation below zero.
  public static let statisticsDeviation = Self("statistics.deviation")
  /// An upper bound below its lower one.
  public static let statisticsOrder = Self("statistics.order")
  /// A tensor of statistics that is no vector of F32 or F64.
  public static let statisticsTensor = Self("statistics.tensor")
  /// A method that the library whose statistics these are does not have, or one of its own that is
  /// not known here.
  public static let statisticsMethod = Self("statistics.method")
  /// A value, or with lerobot a statistic, that leaves the range of float32.
  public static let statisticsOverflow = Self("statistics.overflow")

  /// A robot state that is no list of numbers.
  public static let stateType = Self("state.type")
  /// A robot state without values, or with more than a robot has.
  public static let stateCount = Self("state.count")
  /// A value of a robot state that is NaN or an infinity.
  public static let stateNotFinite = Self("state.not-finite")

  /// Noise of another shape than the model's actions.
  public static let noiseShape = Self("noise.shape")
  /// A file of noise with more or fewer tensors than one, or with one of another type.
  public static let noiseTensor = Self("noise.tensor")
  /// A value of the noise that no finite float32 holds.
  public static let noiseNotFinite = Self("noise.not-finite")
}
