public import DVLADiagnostics

/// No output replaces what it is made from, even if the user allows it to overwrite files.
public enum InputProtection {
  /// The error of an output that would replace an input.
  ///
  /// - Parameter role: what the output also is, for the message: `the bundle itself`.
  public static func refusal(output: String, is role: String) -> WeightsError {
    WeightsError(
      .outputIsInput, .cannotCreate, file: output,
      "is \(role) and would be replaced; choose another output path")
  }

  /// - Throws: `output.is-input` when the output is one of the files.
  public static func check(
    _ output: String, against files: [String],
    role: (String) -> String = { "the input \($0.quoted)" }
  ) throws(WeightsError) {
    for file in files where try isSameFile(output, file) {
      throw refusal(output: output, is: role(file))
    }
  }
}
