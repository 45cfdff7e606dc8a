// Our own rules for `deno lint`: one style of braces, one way to count up.

const lineWidth = 120;
const control = /^(If|For|ForOf|ForIn|While|DoWhile|Try|Switch|Labeled)Statement$/;

type Loop = Deno.lint.ForStatement | Deno.lint.ForOfStatement | Deno.lint.ForInStatement | Deno.lint.WhileStatement;

/**
 * `braces`: the body of an `if` or a loop has no braces where the whole fits on one line, and braces otherwise; a body
 * that is itself an `if` or a loop always has them. With `else`, either all branches have braces or none has.
 * `increment`: `x++`, not `x += 1`.
 */
const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    braces: {
      create(context): Deno.lint.LintVisitor {
        const { text } = context.sourceCode;
        const source = (node: Deno.lint.Node): string => text.slice(node.range[0], node.range[1]);

        function addBraces(...bodies: readonly Deno.lint.Statement[]): void {
          for (const body of bodies) {
            context.report({
              node: body,
              message: "This body needs braces",
              fix: (fixer) => fixer.replaceText(body, `{\n${source(body)}\n}`),
            });
          }
        }

        function removeBraces(block: Deno.lint.BlockStatement, statement: Deno.lint.Statement): void {
          context.report({
            node: block,
            message: "This body fits on one line without braces",
            fix: (fixer) => fixer.replaceText(block, source(statement)),
          });
        }

        function checkSingle(owner: Deno.lint.IfStatement | Loop, body: Deno.lint.Statement): void {
          if (body.type !== "BlockStatement") {
            if (control.test(body.type) || source(owner).includes("\n")) addBraces(body);
            return;
          }
          const [only] = body.body;
          if (only === undefined || body.body.length > 1 || control.test(only.type)) return;
          if (only.type.endsWith("Declaration")) return;
          const between = text.slice(body.range[0] + 1, only.range[0]) + text.slice(only.range[1], body.range[1] - 1);
          const line = text.slice(text.lastIndexOf("\n", owner.range[0]) + 1, body.range[0]) + source(only);
          if (between.trim() === "" && !line.includes("\n") && line.length <= lineWidth) removeBraces(body, only);
        }

        function checkChain(first: Deno.lint.IfStatement): void {
          const bodies: Deno.lint.Statement[] = [];
          let at: Deno.lint.Statement | null = first;
          for (; at?.type === "IfStatement"; at = at.alternate) bodies.push(at.consequent);
          if (at !== null) bodies.push(at);
          const bare = bodies.filter((body) => body.type !== "BlockStatement");
          if (bare.length < bodies.length || bare.some((body) => source(body).includes("\n"))) addBraces(...bare);
        }

        function checkLoop(loop: Loop): void {
          const body = loop.body as Deno.lint.Statement | null; // null: `while (step());`
          if (body !== null) checkSingle(loop, body);
        }

        return {
          IfStatement(node): void {
            if (node.parent.type === "IfStatement" && node.parent.alternate === node) return;
            if (node.alternate === null) checkSingle(node, node.consequent);
            else checkChain(node);
          },
          ForStatement: checkLoop,
          ForOfStatement: checkLoop,
          ForInStatement: checkLoop,
          WhileStatement: checkLoop,
        };
      },
    },
    increment: {
      create(context): Deno.lint.LintVisitor {
        return {
          AssignmentExpression({ left, operator, parent, range, right }): void {
            const isStep = (operator === "+=" || operator === "-=") && right.type === "Literal" && right.value === 1;
            if (!isStep || parent.type !== "ExpressionStatement" && parent.type !== "ForStatement") return;
            const step = operator === "+=" ? "++" : "--";
            context.report({
              range,
              message: `Write ${step} for ${operator} 1`,
              fix: (fixer) => fixer.replaceTextRange([left.range[1], range[1]], step),
            });
          },
        };
      },
    },
  },
};
export default plugin;
