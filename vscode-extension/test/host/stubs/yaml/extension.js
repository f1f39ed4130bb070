// Takes what Red Hat's extension takes, and keeps it for the tests to look at.
exports.activate = () => {
  const contributors = new Map();
  return {
    contributors,
    registerContributor(scheme, requestSchema, requestSchemaContent, label) {
      if (contributors.has(scheme)) return false;
      contributors.set(scheme, { requestSchema, requestSchemaContent, label });
      return true;
    },
  };
};
