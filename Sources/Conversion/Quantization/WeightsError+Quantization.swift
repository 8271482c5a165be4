public import DVLADiagnostics

extension WeightsError.Code {
  /// A tensor to become 8-bit integers is no matrix.
  public static let quantizationRank = Self("quantization.rank")
  /// The columns of a matrix do not divide into groups.
  public static let quantizationGroup = Self("quantization.group")
  /// A tensor to become 8-bit integers holds a NaN or an infinity.
  public static let quantizationNonFinite = Self("quantization.non-finite")
  /// A recipe's pattern is not well formed.
  public static let recipePattern = Self("recipe.pattern")
  /// A recipe's rule names an unknown precision, or details that do not belong to it.
  public static let recipePrecision = Self("recipe.precision")
  /// A recipe of more rules than could be tried with every tensor in reasonable time.
  public static let recipeTooLarge = Self("recipe.too-large")
}
