public import ArgumentParser
public import DVLATensorMath

/// How products with the weights are computed.
struct ProductOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      How products with BF16 and INT8 weights are computed: exact in float32, or native in the \
      type of the weights (default: exact where conversion lost nothing, else native where that \
      is faster on this processor).
      """,
      valueName: "how"))
  var products: ProductPrecision?
}

extension ProductPrecision: ExpressibleByArgument {}
