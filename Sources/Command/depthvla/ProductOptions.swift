public import ArgumentParser
import DVLAJSON
public import DVLATensorMath

/// How products with the weights are computed.
struct ProductOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How BF16 and INT8 weights are multiplied: exact, in float32, or native, in their own type "
        + "(default: exact where the weights lost nothing, else native where that is faster here).",
      valueName: "how"))
  var products: ProductPrecision?
}

extension ProductPrecision: ExpressibleByArgument {}

extension ProductChoice {
  /// The choice for each type.
  var json: JSONValue { ["bf16": .string(bf16.rawValue), "int8": .string(int8.rawValue)] }
}
