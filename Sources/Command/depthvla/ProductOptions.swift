public import ArgumentParser
public import DVLATensorMath

/// How products with the weights are computed.
struct ProductOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Multiply BF16 and INT8 weights exactly, in float32, or natively, in their own type \
      (default: exact for lossless bundles; otherwise native if faster here).
      """,
      valueName: "how"))
  var products: ProductPrecision?
}

extension ProductPrecision: ExpressibleByArgument {}
