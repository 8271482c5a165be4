/// Where tokens stand, for rotary embedding.
enum Positions {
  /// 0, 1, 2, … over the valid tokens of each row; padding repeats the position before it.
  ///
  /// - Parameters:
  ///   - valid: B S flags.
  ///   - length: S.
  static func counting(_ valid: [Bool], length: Int) -> [Int] {
    var position = -1
    return valid.enumerated().map { index, isValid in
      if index.isMultiple(of: length) { position = -1 }
      if isValid { position += 1 }
      return max(position, 0)
    }
  }
}
