public import ArgumentParser
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
